"""Trainings over gRPC and the bus: entries, leases, processes, and what is brought to and from the store."""
