"""Evaluations over gRPC and the bus: requests, states, one evaluation from beginning to end."""
