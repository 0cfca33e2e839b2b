"""Places as they were at an instant: a part of a session, as ``session.past``."""
