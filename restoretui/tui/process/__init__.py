"""Opening and leaving: the session's lifetime, what is unsent, what a crash says."""
