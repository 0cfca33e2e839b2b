"""Buckets made to tell of restores by a queue."""
