"""One simulated cloud on a virtual clock: buckets, objects, restores."""
