"""S3 Control: the jobs of S3 Batch Operations, as far as restores go (FACTS 2)."""
