"""The Restores tab: runs and their objects."""
