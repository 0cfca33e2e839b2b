"""The live table: fixed cost a frame, however many rows."""
