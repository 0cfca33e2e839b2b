"""Events of restores: the queues a session reads, and how buckets are made to send to them."""
