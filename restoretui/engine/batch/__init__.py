"""Taking a run through S3 Batch Operations."""
