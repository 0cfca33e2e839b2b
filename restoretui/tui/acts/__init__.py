"""What several tabs can set off: restoring, ending copies, agreeing to a price."""
