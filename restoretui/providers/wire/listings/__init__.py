"""Pages of listings: how they are asked for, and how their XML is read."""
