"""The Browse tab: buckets, listings, marks."""
