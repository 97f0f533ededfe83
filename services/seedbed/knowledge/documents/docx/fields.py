"""Fields of a DOCX: their results are shown, their instructions are not."""

from .package import Element, attribute, child, is_on, name, number, value

_DELETED = frozenset(("w:del", "w:moveFrom"))


class Fields:
    """Which part of which field the reading is in."""

    def __init__(self, root: Element) -> None:
        # One that never ends must not swallow the rest.
        self._endless = find_endless(root)
        self._open: list[bool] = []
        """For each open field whether its result has begun."""
        self._silent = 0

    @property
    def showing(self) -> bool:
        """Whether what comes is a part of the text."""
        return not self._silent

    def take(self, mark: Element) -> str:
        """Go on to the next part of a field; returns what the field shows by itself."""
        kind = attribute(mark, "fldCharType")
        if kind == "begin" and mark not in self._endless:
            shown = _chosen(mark) if self.showing else ""
            self._open.append(False)
            self._silent += 1
            return shown
        if kind == "separate" and self._open and not self._open[-1]:
            self._open[-1] = True
            self._silent -= 1
        elif kind == "end" and self._open and not self._open.pop():
            self._silent -= 1
        return ""


def find_endless(root: Element) -> set[Element]:
    """The marks that open a field which never ends."""
    space = root.tag.rpartition("}")[0]
    begun: list[Element] = []
    for mark in root.iter(f"{space}}}fldChar"):
        kind = attribute(mark, "fldCharType")
        if kind not in ("begin", "end") or any(name(above) in _DELETED for above in mark.iterancestors()):
            continue
        if kind == "begin":
            begun.append(mark)
        elif begun:
            begun.pop()
    return set(begun)


def _chosen(mark: Element) -> str:
    """What is chosen in a list, or whether a box is checked, in a form of the old kind."""
    data = child(mark, "w:ffData")
    options, box = child(data, "w:ddList"), child(data, "w:checkBox")
    if options is not None:
        entries = [attribute(entry, "val") for entry in options if name(entry) == "w:listEntry"]
        place = number(value(options, "w:result", value(options, "w:default", "0")))
        return entries[place] if 0 <= place < len(entries) else ""
    if box is not None:
        checked = child(box, "w:checked")
        return "☒" if is_on(checked if checked is not None else child(box, "w:default")) else "☐"
    return ""
