"""Jobs of S3 Batch Operations: what is known of them, what their papers tell, what is decided about them."""
