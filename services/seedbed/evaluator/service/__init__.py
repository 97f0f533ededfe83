"""Evaluations over gRPC and the bus: requests, records in the store, one evaluation carried out."""
