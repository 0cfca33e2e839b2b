"""Runs then-steps: copies, downloads, commands, links and webhooks."""
