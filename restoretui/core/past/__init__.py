"""What was there before, by versions and delete markers, as plain data (FACTS 9)."""
