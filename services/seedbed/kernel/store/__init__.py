"""Bytes by key, in a folder or a bucket, and what is kept in them for all services: folders, checkpoints."""
