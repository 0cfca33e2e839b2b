"""What buckets tell of restores by themselves: messages, the queues they come by, and how buckets are told to."""
