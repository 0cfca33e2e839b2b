"""What restoring means, without I/O: standard library only, no clock of its own."""
