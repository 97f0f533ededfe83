"""The one way in which what the tests run against can be missing."""


class Unavailable(Exception):
    """It is not here; says why and what to do."""
