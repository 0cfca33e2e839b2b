"""Words, numbers and untrusted text as people read them, for the screens and the commands alike."""
