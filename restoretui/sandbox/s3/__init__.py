"""The S3 wire format over the state core."""
