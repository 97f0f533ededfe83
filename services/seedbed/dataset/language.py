"""What script a text is in, and what language it may be called. Pure; knows no model and no dictionary."""

import re
from collections import Counter

_SCRIPTS = {
    "hangul": re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]"),
    "kana": re.compile(r"[\u3040-\u30ff]"),
    "han": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]"),
    "latin": re.compile(r"[A-Za-z\u00c0-\u024f]"),
    "cyrillic": re.compile(r"[\u0400-\u052f]"),
    "greek": re.compile(r"[\u0370-\u03ff]"),
    "arabic": re.compile(r"[\u0600-\u06ff]"),
    "hebrew": re.compile(r"[\u0590-\u05ff]"),
    "devanagari": re.compile(r"[\u0900-\u097f]"),
    "thai": re.compile(r"[\u0e00-\u0e7f]"),
}
# Only scripts that all but name one language; Cyrillic or Arabic letters alone would be a guess.
_LANGUAGES = {"hangul": "ko", "kana": "ja", "han": "zh", "greek": "el", "hebrew": "he", "thai": "th"}
_ENGLISH = re.compile(r"\b(the|of|and|is|are|to|in|what|how|a)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_ENGLISH_SHARE = 0.12
_READ = 20_000


def find_script(text: str) -> str:
    """The script most of the text is in; "" where it has no letters we know."""
    text = text[:_READ]
    counts = Counter({name: len(pattern.findall(text)) for name, pattern in _SCRIPTS.items()})
    if counts["kana"]:
        # Japanese mixes both; any kana settles that the Han letters are not Chinese.
        counts["kana"] += counts.pop("han", 0)
    name, count = counts.most_common(1)[0]
    return name if count else ""


def find_language(text: str) -> str:
    """The language a text may be called after its script; "" where the script does not tell."""
    script = find_script(text)
    if script != "latin":
        return _LANGUAGES.get(script, "")
    text = text[:_READ]
    words = len(_WORD.findall(text))
    return "en" if len(_ENGLISH.findall(text)) >= words * _ENGLISH_SHARE else ""
