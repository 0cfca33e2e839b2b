"""What a command is about: what was typed, what that names right now, and what cannot be seen of it."""
