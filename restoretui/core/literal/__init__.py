"""Restore requests in the words of the cloud's own API: what was said, and what the documents refuse of it."""

CHECKSUMS = ("CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME")
"""Algorithms of the checksum that such a request may carry; here, since --help names them and needs no more."""
