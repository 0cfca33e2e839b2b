"""Sets of objects with a name: shown as listings, written to files, held against each other and against now."""
