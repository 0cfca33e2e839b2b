"""Listing a bucket, in parallel ranges of keys where the server allows it."""
