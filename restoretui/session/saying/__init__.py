"""The same as commands for a shell, and as names for other tools: nothing is sent or spent by saying it."""
