"""What the command line says of itself: examples, suggestions, completion, and the man page."""

COMPLETION = "_RESTORETUI_COMPLETE"
"""Set by a shell that asks Click what could be typed next."""
