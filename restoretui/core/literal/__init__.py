"""Restore requests in the words of the cloud's own API: what was said, and what the documents refuse of it."""
