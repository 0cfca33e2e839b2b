"""``restoretui prices``: which prices are known, and how they are read from AWS's list."""
