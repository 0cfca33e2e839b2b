"""What commands do about then-steps, and after a run: planned, tried again, reported."""
