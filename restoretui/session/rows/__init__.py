"""Rows by the page: as they are to be shown, and as lines."""
