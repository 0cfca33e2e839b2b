"""What commands do to runs and how a restore is to go: through jobs, once more, given up."""
