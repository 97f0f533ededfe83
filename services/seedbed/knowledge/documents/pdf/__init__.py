"""PDF, whose pages say where letters stand and little else."""

from .reader import read

__all__ = ["read"]
