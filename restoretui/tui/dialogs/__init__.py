"""What opens over the tabs and asks or tells something."""
