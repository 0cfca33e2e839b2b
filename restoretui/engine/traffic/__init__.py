"""What all requests of one connection share: circuit breaker, rate limiter, retries, health, watchdog."""
