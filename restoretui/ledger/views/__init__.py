"""Row orders, filters and facts in SQL, over whatever table holds the rows."""
