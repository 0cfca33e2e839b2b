"""What may stand in the way of a restore, looked at by requests that change nothing."""
