"""Requests and replies as every adapter takes and gives them."""
