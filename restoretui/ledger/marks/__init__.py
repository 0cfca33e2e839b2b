"""Which rows of a listing are marked, and the groups of alike objects that plans are made of."""
