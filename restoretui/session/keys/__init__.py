"""Lists of objects in the forms that tools write them: how each is read, and which one a list is in."""
