"""Then-steps as a session has them: checked before they are planned, and given what they need."""
