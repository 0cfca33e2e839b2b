"""How S3 is asked: the SDK, credentials, signing, requests, and files that are read or written."""
