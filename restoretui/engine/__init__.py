"""Listing, sending and watching: everything that talks to a provider on the ledger's behalf."""
