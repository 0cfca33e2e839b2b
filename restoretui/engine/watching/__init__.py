"""Finding out what became of requests: when to look, at what, and what a look means."""
