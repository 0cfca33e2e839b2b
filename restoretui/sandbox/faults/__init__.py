"""What goes wrong, by scenario."""
