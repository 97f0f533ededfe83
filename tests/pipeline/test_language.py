import pytest

from seedbed.pipeline.language import same_script, script_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Where do bees live?", "latin"),
        ("Où habitent les abeilles ?", "latin"),
        ("정악은 어디에서 연주되었습니까?", "hangul"),
        ("KBS 국악관현악단은 언제 창단되었나요?", "hangul"),
        ("The genre of hyangak (향악) is court music.", "latin"),
        ("蜂はどこに住んでいますか。", "kana"),
        ("蜜蜂住在哪里？", "han"),
        ("Где живут пчёлы?", "cyrillic"),
        ("أين يعيش النحل؟", "arabic"),
        ("Πού ζουν οι μέλισσες;", "greek"),
        ("1116 + 5 = 1121", ""),
        ("", ""),
    ],
)
def test_script_of(text: str, script: str):
    assert script_of(text) == script


def test_a_text_without_letters_fits_any_script():
    assert same_script("1116", "정악은 언제입니까?")
    assert same_script("정악", "42")
    assert not same_script("court music", "정악은 언제입니까?")
