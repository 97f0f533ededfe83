import pytest

from seedbed.dataset.language import find_language, find_script


@pytest.mark.parametrize(
    ("text", "script", "language"),
    [
        ("What is the point of a swift in the air?", "latin", "en"),
        ("Wie schlafen Mauersegler, und warum landen sie so selten im Jahr?", "latin", ""),
        ("한옥은 온돌과 마루를 갖춘 집이다 (hanok).", "hangul", "ko"),
        ("ひらがなと漢字で書かれた文章。", "kana", "ja"),
        ("汉字写成的句子。", "han", "zh"),
        ("Стрижи спят на лету.", "cyrillic", ""),
        ("1 + 1 = 2", "", ""),
        ("", "", ""),
    ],
)
def test_scripts_and_languages(text, script, language):
    assert find_script(text) == script
    assert find_language(text) == language
