"""Around the screens: the session's lifetime, what is announced by itself, what is said at the end, or in a crash."""
