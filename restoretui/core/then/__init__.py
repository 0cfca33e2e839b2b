"""What is done with an object once it can be read: steps, names of files, proofs. Pure."""
