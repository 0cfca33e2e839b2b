"""Inventories of buckets: found, read and kept as listings. Part of a session, as ``session.inventories``."""
