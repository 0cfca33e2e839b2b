"""The seeded buckets of the demo."""
