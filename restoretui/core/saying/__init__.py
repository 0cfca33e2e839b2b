"""What is planned, shown or done here, said as commands: ours, and those of the clouds' own tools."""
