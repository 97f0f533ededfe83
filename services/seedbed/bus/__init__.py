"""The contracts of the bus."""
