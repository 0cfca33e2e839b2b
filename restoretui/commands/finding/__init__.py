"""Commands that find what to restore, before anything is restored."""
