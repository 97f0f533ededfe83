"""Which script a text is in: enough to tell that an answer left the language it was asked in. Pure."""

import re

# Names as Unicode has them, in small letters; ranges of letters only.
_RANGES = {
    "hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "kana": "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9d",
    "han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
    "cyrillic": "\u0400-\u052f",
    "arabic": "\u0620-\u064a\u066e-\u06d3\u0750-\u077f",
    "greek": "\u0370-\u03ff",
    "hebrew": "\u05d0-\u05ea",
    "devanagari": "\u0900-\u097f",
    "thai": "\u0e00-\u0e7f",
    "latin": "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
}
_SCRIPTS = {name: re.compile(f"[{letters}]") for name, letters in _RANGES.items()}
# One syllable says what takes several Latin letters, so names and terms among it do not outweigh it.
_SYLLABLE_SHARE = 0.2
_KANA_SHARE = 0.1


def script_of(text: str) -> str:
    """The script that carries a text: "hangul", "kana" (Japanese), "han", "latin", …; "" without letters."""
    if text.isascii():
        return "latin" if any(letter.isalpha() for letter in text) else ""
    counts = {name: len(letters.findall(text)) for name, letters in _SCRIPTS.items()}
    total = sum(counts.values())
    if not total:
        return ""
    if counts["hangul"] > _SYLLABLE_SHARE * total:
        return "hangul"
    # Japanese mixes both; Chinese has no kana.
    if counts["kana"] > _KANA_SHARE * total and counts["kana"] + counts["han"] > _SYLLABLE_SHARE * total:
        return "kana"
    return max(counts, key=lambda name: counts[name])


def same_script(text: str, model: str) -> bool:
    """Whether a text is written as its model is; a text without letters fits any."""
    script, wanted = script_of(text), script_of(model)
    return not script or not wanted or script == wanted
