"""Confirmed runs and their jobs: intents, changes of state, counts, views."""
