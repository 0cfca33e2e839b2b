"""Sets of objects with a name: kept, shown, handed on, held against each other and against now."""
