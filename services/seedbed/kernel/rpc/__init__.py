"""gRPC: servers and channels, what stands before every call, and how errors, pages and secrets travel."""
