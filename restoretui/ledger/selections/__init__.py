"""Selections: sets of objects over buckets and clouds, kept across listings."""
