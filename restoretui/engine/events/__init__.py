"""Hears of restores from a queue, so that they need not be asked for."""
