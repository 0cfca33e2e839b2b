"""Commands without a screen: each command is a thin thread through the session, told on an ``Output``."""
