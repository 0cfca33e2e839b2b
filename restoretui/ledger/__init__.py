"""What was seen and what was intended, on disk: two SQLite files, one writer."""
