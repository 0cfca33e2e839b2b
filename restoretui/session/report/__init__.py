"""What is known of a run, for whoever it is handed to."""
