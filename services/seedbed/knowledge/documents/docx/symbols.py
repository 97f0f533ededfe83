"""Characters of fonts without letters: what a document stores as a place in Symbol or Wingdings. Pure."""

# From 0x20 on, and from 0xA1 on: the Symbol font in its order.
_SYMBOL_LOW = (
    " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
)
_SYMBOL_HIGH = "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…│─↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪"
_SYMBOL_LAST = "⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭"
_SYMBOL = {
    **{0x20 + place: sign for place, sign in enumerate(_SYMBOL_LOW)},
    **{0xA1 + place: sign for place, sign in enumerate(_SYMBOL_HIGH)},
    **{0xF1 + place: sign for place, sign in enumerate(_SYMBOL_LAST)},
}
_WINGDINGS = {
    0x21: "✏",
    0x22: "✂",
    0x28: "☎",
    0x2A: "✉",
    0x46: "☞",
    0x4A: "☺",
    0x6C: "●",
    0x6D: "❍",
    0x6E: "■",
    0x6F: "□",
    0x71: "❑",
    0x75: "◆",
    0x76: "❖",
    0x9F: "•",
    0xA7: "▪",
    0xA8: "◻",
    0xD8: "➢",
    0xDF: "←",
    0xE0: "→",
    0xE1: "↑",
    0xE2: "↓",
    0xE8: "➔",
    0xF0: "⇨",
    0xFB: "✗",
    0xFC: "✓",
    0xFD: "☒",
    0xFE: "☑",
}
_WINGDINGS_2 = {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0xA3: "□"}
_WINGDINGS_3 = {0x66: "←", 0x67: "→", 0x68: "↑", 0x69: "↓"}
_FONTS = {
    "symbol": _SYMBOL,
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "wingdings 3": _WINGDINGS_3,
}
# Where files put the places of such fonts.
_PRIVATE = range(0xF000, 0xF100)


def sign(font: str, place: int) -> str:
    """The sign at a place of a font; "" where nobody knows it."""
    signs = _FONTS.get(font.casefold())
    if place in _PRIVATE:
        place -= _PRIVATE.start
        return (signs or _SYMBOL).get(place, "")
    if signs is not None:
        return signs.get(place, "")
    return chr(place) if 0x20 <= place < 0x110000 and not 0xD800 <= place < 0xE000 else ""


def read_private(text: str, font: str) -> str:
    """A text with the letters that stand for places of such a font as their signs."""
    if not any(ord(letter) in _PRIVATE for letter in text):
        return text
    return "".join(sign(font, ord(letter)) if ord(letter) in _PRIVATE else letter for letter in text)
