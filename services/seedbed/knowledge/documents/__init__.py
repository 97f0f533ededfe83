"""Readers, one per media type: bytes in, one Markdown-like text with its page starts out.

Pure, and imported in the limited child process only: nothing here may import the kernel, gRPC or NATS.
"""
