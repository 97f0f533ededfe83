import pytest

from seedbed.pipeline.language import find_language, same_script, script_of


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
    assert script_of(text) == script
    assert find_language(text) == language


@pytest.mark.parametrize(
    ("text", "script", "language"),
    [
        # More Latin letters than syllables, and still Korean: a syllable says what takes several letters.
        ("LangChain과 LlamaIndex는 RAG 파이프라인을 만드는 데 쓰인다.", "hangul", "ko"),
        ("Kubernetes에서 Pod의 readinessProbe는 언제 실패하나요?", "hangul", "ko"),
        ("PostgreSQL는 MVCC를 쓴다.", "hangul", "ko"),
        ("大韓民國의 首都는 서울이다.", "hangul", "ko"),
        ("The word 사랑 means love, and 사람 means a person.", "latin", "en"),
        ("PythonのdecoratorはFunctionを引数に取る関数です。", "kana", "ja"),
        ("東京都の人口は約1400万人である。", "kana", "ja"),
        ("The kanji 漢字 were borrowed from China.", "latin", "en"),
        # One sign that is quoted does not make it Japanese.
        ("「の」这个日文字在中文广告里很常见,意思相当于“的”。", "han", "zh"),
        ("В Kubernetes под запускается через Deployment.", "cyrillic", ""),
        ("Το Python είναι γλώσσα προγραμματισμού.", "greek", "el"),
        ("تعمل خدمة Kubernetes على عدة عقد.", "arabic", ""),
        ("ภาษา Python เขียนง่าย", "thai", "th"),
        ("कुबेरनेटीस (Kubernetes) क्या है?", "devanagari", ""),
        ("The angle α is measured in degrees.", "latin", "en"),
        # Signs between letters in Unicode's tables are none.
        ("3 × 4 ÷ 2 = 6", "", ""),
        ("١٢ ؟", "", ""),
    ],
)
def test_terms_of_another_script_do_not_outweigh_the_text_they_stand_in(text, script, language):
    assert script_of(text) == script
    assert find_language(text) == language


def test_a_language_is_found_by_the_beginning_of_a_long_text():
    assert find_language("Bees live in the hive. " * 1000 + "정악은 언제입니까? " * 9000) == "en"
