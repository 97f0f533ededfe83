"""Addresses of repositories as they may be shown: without what signs in. Pure."""

import re

_SIGN_IN = re.compile(r"^(?:(https?://)[^/@]*|([a-z][a-z0-9+.-]*://)[^/@:]*:[^/@]*)@", re.IGNORECASE)


def hide_sign_in(address: str) -> str:
    """A git address without the token, or user and password, in it."""
    return _SIGN_IN.sub(r"\1\2", address)
