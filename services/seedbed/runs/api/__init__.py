"""Runs over gRPC: what may be asked, and what is shown of runs, samples and comparisons."""
