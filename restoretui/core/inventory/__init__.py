"""Inventories that clouds write of their buckets: manifests and rows, as plain data (FACTS 8)."""
