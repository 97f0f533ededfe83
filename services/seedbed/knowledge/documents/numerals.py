"""Numbers as lists write them: decimal, Roman, by letters, and the commonest ways of East Asia. Pure."""

_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)
_HAN = "〇一二三四五六七八九"
_ROWS = {
    "ganada": "가나다라마바사아자차카타파하",
    "chosung": "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
    "aiueoFullWidth": (
        "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
    ),
    "irohaFullWidth": (
        "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス"
    ),
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
    "russianLower": "абвгдежзиклмнопрстуфхцчшщэюя",
    "russianUpper": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭЮЯ",
    "arabicAlpha": "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "arabicAbjad": "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "hebrew1": "אבגדהוזחטיכלמנסעפצקרשת",
}
_ROWS["aiueo"] = _ROWS["aiueoFullWidth"]
_ROWS["iroha"] = _ROWS["irohaFullWidth"]
_HAN_FORMS = frozenset(
    "chineseCounting chineseCountingThousand taiwaneseCounting taiwaneseCountingThousand japaneseCounting "
    "koreanCounting koreanDigital2 ideographDigital japaneseDigitalTenThousand taiwaneseDigital "
    "chineseLegalSimplified".split()
)
_CIRCLED = frozenset("decimalEnclosedCircle decimalEnclosedCircleChinese ideographEnclosedCircle".split())
# Beyond it a number is written in digits: letters and Roman signs would only grow.
_MOST = 3999
_LAST_CIRCLED = 20


def write_numeral(count: int, form: str) -> str:  # noqa: PLR0911  one for each form
    """A count in one of the forms that OOXML and HTML name; in digits where a form is not known."""
    if form == "none":
        return ""
    if not 0 < count <= _MOST:
        return str(count)
    if form in ("lowerRoman", "upperRoman"):
        return _cased(_roman(count), form)
    if form in ("lowerLetter", "upperLetter"):
        # As Word does: aa, bb, cc after z.
        return _cased(chr(ord("a") + (count - 1) % 26) * min((count - 1) // 26 + 1, 10), form)
    if form == "decimalZero":
        return f"{count:02}"
    if form == "ordinal":
        return f"{count}{_ordinal(count)}"
    if form == "numberInDash":
        return f"- {count} -"
    if form in _CIRCLED and count <= _LAST_CIRCLED:
        return chr(ord("①") + count - 1)
    if form in _HAN_FORMS and count < 100:
        return _han(count)
    row = _ROWS.get(form, "")
    return row[(count - 1) % len(row)] if row else str(count)


def _cased(text: str, form: str) -> str:
    return text.upper() if form.startswith("upper") else text


def _roman(count: int) -> str:
    written = ""
    for amount, sign in _ROMAN:
        times, count = divmod(count, amount)
        written += sign * times
    return written


def _ordinal(count: int) -> str:
    if count % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")


def _han(count: int) -> str:
    tens, ones = divmod(count, 10)
    if not tens:
        return _HAN[ones]
    return (_HAN[tens] if tens > 1 else "") + "十" + (_HAN[ones] if ones else "")
