"""The screen of marks: what is marked with sums and costs, what was left, and what has a name."""
