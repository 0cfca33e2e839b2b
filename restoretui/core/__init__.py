"""What restoring means, without I/O: the standard library and msgspec's records only, no clock of its own."""
