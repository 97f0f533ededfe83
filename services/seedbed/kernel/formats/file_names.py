"""Names of files and folders as people write them: in whatever Unicode form, and as patterns. Pure."""

import unicodedata
from fnmatch import fnmatchcase


def composed(name: str) -> str:
    """A name in the one form by which it is compared: some systems store `ü` as two characters."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def is_in_folder(path: str, glob: str) -> bool:
    """Whether a glob names a path, or a folder that it lies below; as a name it need not be a pattern."""
    path, glob = composed(path), composed(glob).rstrip("/")
    return f"{path}/".startswith(f"{glob}/") or any(fnmatchcase(path, each) for each in (glob, f"{glob}/*"))
