"""Looking after the files: what they hold, whether they are sound, what may go."""
