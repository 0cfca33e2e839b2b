"""The then-steps of runs and what became of them, object by object."""
