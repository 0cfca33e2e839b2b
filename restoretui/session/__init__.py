"""What screens and commands may ask for, and how its parts are wired together."""
