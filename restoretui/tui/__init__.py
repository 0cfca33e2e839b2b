"""The terminal interface: screens and widgets are projections of the ledger, and call the session only."""
