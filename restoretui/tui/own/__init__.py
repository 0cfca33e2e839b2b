"""The user's own commands: what they are about, how they are chosen, run, and what they said."""
