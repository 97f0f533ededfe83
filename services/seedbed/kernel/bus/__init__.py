"""NATS: the connection, the streams and buckets, and what the broker's answers mean. Knows no step."""
