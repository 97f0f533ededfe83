"""DOCX, whose XML holds more than a reader sees, and not all that one sees."""

from .story import read

__all__ = ["read"]
