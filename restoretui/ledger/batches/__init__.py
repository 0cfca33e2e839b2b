"""Which jobs of S3 Batch Operations carry which objects, their tokens, reports and ends."""
