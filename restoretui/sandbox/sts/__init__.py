"""Who is asking: STS and the bit of IAM that is looked at."""
