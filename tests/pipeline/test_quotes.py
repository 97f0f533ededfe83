import time
import unicodedata

import pytest

from seedbed.pipeline.quotes import find_quote

SWIFT = (
    "# The *swift*\n\n"
    "Swifts **sleep on the wing**, and the young leave the nest\nafter about 42 days.  They “scream” at dusk."
    ' A pair comes back to [the same nest](https://example.org/a_(b) "Nest") each year; '
    "some 15 million pairs breed in Europe, at 3.5 grams of food a day.\n"
)
HANOK = "한옥은 온돌과 마루를 함께 갖춘 한국의 전통 집이다. 온돌은 겨울에 방바닥을 데운다."


def found(quote, document=SWIFT):
    span = find_quote(quote, document)
    return span and document[slice(*span)]


@pytest.mark.parametrize(
    ("quote", "passage"),
    [
        ("the young leave the nest", "the young leave the nest"),
        ("leave the nest after about 42 days", "leave the nest\nafter about 42 days"),
        ("about 42 days. They", "about 42 days.  They"),
        ('They "scream" at dusk', "They “scream” at dusk"),
        ("They 'scream' at dusk", None),
        ("Swifts sleep on the wing, and", "Swifts **sleep on the wing**, and"),
        ("Swifts __sleep on the wing__", "Swifts **sleep on the wing"),
        (
            "comes back to the same nest each year",
            """comes back to [the same nest](https://example.org/a_(b) "Nest") each year""",
        ),
        ("«comes back to [the same nest](elsewhere)»", "comes back to [the same nest"),
        ("The swift Swifts sleep on the wing", "The *swift*\n\nSwifts **sleep on the wing"),
        ("# The swift\n\nSwifts sleep on", "The *swift*\n\nSwifts **sleep on"),
        ("swifts sleep on the wing", None),
        ("SWIFTS SLEEP ON THE WING", None),
        ("Swifts sleep on a wing", None),
        ("Swifts never sleep on the wing", None),
        ("the young leave the nest.", "the young leave the nest"),
        ('"the young leave the nest…"', "the young leave the nest"),
    ],
)
def test_a_quote_is_found_to_the_letter_but_for_space_marks_and_markdown(quote, passage):
    assert found(quote) == passage


@pytest.mark.parametrize(
    "quote",
    [
        "5 million pairs breed in Europe",
        "5 grams of food a day",
        "3 grams of food a day",
        "some 15 million pairs breed in Euro",
        "wifts sleep on the wing",
        "breed in Europe, at 3",
    ],
)
def test_a_quote_never_cuts_a_number_or_a_word(quote):
    assert found(quote) is None


def test_a_sign_is_part_of_its_number():
    document = "At night it is -12 degrees here. From 1914-1918 there was a war."
    assert found("12 degrees here at all", document) is None
    assert found("12 degrees here. From 1914", document) is None
    assert found("-12 degrees here", document) == "-12 degrees here"
    assert found("1918 there was a war", document) == "1918 there was a war"


@pytest.mark.parametrize(
    "quote", ["", "…", " \n ", "the", "the nest", "42 days", "it is a", "... the ... of"]
)
def test_too_short_a_quote_proves_nothing(quote):
    assert found(quote) is None


@pytest.mark.parametrize("joint", [" … ", "...", " [...] ", " (…) ", "….", " . . . . ".replace(" ", "")])
def test_a_quote_with_gaps_is_found_part_by_part(joint):
    passage = found(f"Swifts sleep on the wing{joint}some 15 million pairs breed")
    assert passage is not None
    assert passage.startswith("Swifts **sleep")
    assert passage.endswith("15 million pairs breed")


def test_parts_must_stand_in_order():
    assert found("some 15 million pairs breed … Swifts sleep on the wing") is None
    assert found("Swifts sleep on the wing … Swifts sleep on the wing") is None


def test_every_part_must_stand_and_tell():
    assert found("Swifts sleep on the wing … nobody knows exactly why") is None
    assert found("Swifts sleep on the wing … the") is None


def test_the_span_of_parts_is_as_close_as_they_stand():
    document = "The gate was red in spring. The gate was red in autumn, when the old smith died."
    assert found("The gate was red … when the old smith died", document) == (
        "The gate was red in autumn, when the old smith died"
    )


def test_an_ellipsis_of_the_document_is_text():
    document = "He waited … and waited for a ship that never came."
    assert found("He waited ... and waited", document) == "He waited … and waited"


def test_korean_is_found_in_code_points():
    assert found("온돌과 마루를 함께 갖춘", HANOK) == "온돌과 마루를 함께 갖춘"
    assert (
        found("온돌과  마루를\n함께 갖춘 한국의 전통 집", HANOK) == "온돌과 마루를 함께 갖춘 한국의 전통 집"
    )
    assert found("온돌과 마루를 … 겨울에 방바닥을 데운다", HANOK) is None  # six syllables are too few
    assert found("한옥은 온돌과 마루를 … 겨울에 방바닥을 데운다", HANOK) == HANOK[:-1]
    assert found("온돌은 여름에 방바닥을 식힌다", HANOK) is None
    assert found("온돌과 마루", HANOK) is None


@pytest.mark.parametrize(("of_quote", "of_document"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_composition_does_not_matter(of_quote, of_document):
    document = unicodedata.normalize(of_document, f"Déjà vu. {HANOK}")
    quote = unicodedata.normalize(of_quote, "온돌과 마루를 함께 갖춘")
    passage = found(quote, document)
    assert passage is not None
    assert unicodedata.normalize("NFC", passage) == "온돌과 마루를 함께 갖춘"


def test_astral_characters_count_as_one():
    document = "🏠🏠 The house on the hill is empty."
    span = find_quote("The house on the hill", document)
    assert span == (3, 24)


def test_chinese_and_japanese_need_no_spaces():
    assert (
        found("北京是中华人民共和国的首都", "众所周知，北京是中华人民共和国的首都。")
        == "北京是中华人民共和国的首都"
    )
    assert (
        found("アマツバメは飛びながら眠る", "アマツバメは飛びながら眠る鳥である。")
        == "アマツバメは飛びながら眠る"
    )


def test_hostile_input_takes_no_time():
    started = time.perf_counter()
    for piece in ("[", "](", "*_", "\n \t", "\\", '](a "', "> - ", "“…", "-1.", "[a](b(c", "...", "1 * "):
        find_quote(piece * 500 + "the young leave the nest", piece * 20_000)
        find_quote("a b " * 2000 + "… c", "a b " * 20_000)
    assert time.perf_counter() - started < 20
