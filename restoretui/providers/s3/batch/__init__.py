"""S3 Batch Operations over the wire: jobs, manifests, completion reports."""
