"""SQS as the SDK speaks it: JSON with a target in a header."""
