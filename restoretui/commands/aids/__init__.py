"""Commands that help to find one's way: what may stand in it, what is set, what may be typed."""
