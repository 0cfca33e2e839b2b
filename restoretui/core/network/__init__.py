"""What is known of hosts before one is asked: endpoints, AWS's partitions, which HTTP client is used."""
