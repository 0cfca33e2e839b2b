"""A run as a page: for a ticket, or for somebody who has no terminal open."""
