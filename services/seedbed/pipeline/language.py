"""Which script a text is in, what language it may be called after it, and what ends its sentences. Pure.

Knows no model and no dictionary. What is sifted out by it is decided anew at every recall, and rows and cards
of datasets are worded by it: another answer for a text is another dataset.
"""

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
# What Unicode calls Sentence_Terminal and means nothing else, of the scripts that are written today, and the
# shad of Tibetan: these end a sentence even where no space follows.
STOPS = (
    r"\u0589\u061d-\u061f\u0700-\u0702\u07f9\u0964\u0965\u0e5a\u0e5b\u0f0d-\u0f11\u104b\u1362\u1367"
    r"\u1368\u166e\u17d4\u17d5\u1803\u1809\u1944\u1945\u1aa8-\u1aab\u1b5a\u1b5b\u1b5e\u1b5f\u1c3b\u1c3c"
    r"\u1c7e\u1c7f\u203c\u203d\u2047-\u2049\u3002\ua4ff\ua60e\ua60f\ua6f3\ua6f7\ua876\ua877\ua8ce\ua8cf"
    r"\ua92f\ua9c8\ua9c9\uaa5d-\uaa5f\uaaf0\uaaf1\uabeb\ufe12\ufe15\ufe16\ufe56\ufe57\uff01\uff1f\uff61"
    r"\U00011047\U00011048\U00011141-\U00011143\U0001144b\U0001144c"
)
"""The inside of a character class of a regular expression."""

_SCRIPTS = {name: re.compile(f"[{letters}]") for name, letters in _RANGES.items()}
# One syllable says what takes several Latin letters, so names and terms among it do not outweigh it.
_SYLLABLE_SHARE = 0.2
_KANA_SHARE = 0.1
# Only scripts that all but name one language; Cyrillic or Arabic letters alone would be a guess.
_LANGUAGES = {"hangul": "ko", "kana": "ja", "han": "zh", "greek": "el", "hebrew": "he", "thai": "th"}
_ENGLISH = re.compile(r"\b(the|of|and|is|are|to|in|what|how|a)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_ENGLISH_SHARE = 0.12
_READ = 20_000
"""Letters of a text that are looked at for its language."""


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


def find_language(text: str) -> str:
    """The language a text may be called by its script, as ISO 639-1; "" where the script does not show it."""
    text = text[:_READ]
    script = script_of(text)
    if script != "latin":
        return _LANGUAGES.get(script, "")
    words = len(_WORD.findall(text))
    return "en" if len(_ENGLISH.findall(text)) >= words * _ENGLISH_SHARE else ""
