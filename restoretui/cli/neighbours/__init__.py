"""Commands and options about what stands beside us: queues that tell of restores, programs that want objects warm."""
