"""HTML, of which a reader wants the content and not the page."""

from .content import read

__all__ = ["read"]
