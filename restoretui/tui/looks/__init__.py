"""How the screens look: themes, colours by what they mean, and that they can be read."""
