"""What listings and looks have shown: listings, their rows, how long they are kept, and the view of Browse."""
