"""The byte level: driver, pacing of repaints, keys typed ahead, the last filter against escapes."""
