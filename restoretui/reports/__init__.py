"""A run as it is handed over, in every form: a page to read, a row to count with. For screens and commands alike."""
