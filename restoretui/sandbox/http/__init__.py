"""The HTTP server in front of the adapters, and the levers under ``/_sandbox/``."""
