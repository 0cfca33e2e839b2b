"""What lies below each prefix of a listing, by class and state: kept up to date, never scanned for."""
