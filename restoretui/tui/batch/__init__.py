"""The Batch jobs tab."""
