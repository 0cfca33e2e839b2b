"""S3 Batch Operations, said in our own terms: orders, jobs, places, policies, and what a cloud must be able to do."""
