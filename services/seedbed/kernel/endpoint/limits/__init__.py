"""One limit of calls in flight for an endpoint, shared by all processes and adapted to what it takes."""
