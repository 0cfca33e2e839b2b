"""An HTTP/1.1 client: connection pool, responses within bounds, TLS, proxies, and what a failure means."""
