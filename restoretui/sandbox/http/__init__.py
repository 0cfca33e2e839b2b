"""The HTTP server in front of the adapters, and the control API under ``/_sandbox/``."""
