"""The OSS wire format over the state core (FACTS 4)."""
