import pytest

from seedbed.rehearsal.text.sentences import headings, plain_text, sentences

MARKED = """# Title
The **bird** (*Parus*) lives in [forests](forest_(biology) "wikilink")[^1]. Dr. Wendt saw
it at 3.5 km, e.g. in the U.S. in May. Did it sing? Yes!

- One item here.
- Another item: <small>small print</small>.

| a | b |
|---|---|
```
code. Not prose.
```
온돌은 따뜻하다. 구들은 돌이다."""


def test_sentences_are_read_without_marks_and_kept_as_they_stand():
    found = sentences(MARKED)
    assert [sentence.plain for sentence in found] == [
        "The bird (Parus) lives in forests.",
        "Dr. Wendt saw it at 3.5 km, e.g. in the U.S. in May.",
        "Did it sing?",
        "Yes!",
        "One item here.",
        "Another item: small print.",
        "온돌은 따뜻하다.",
        "구들은 돌이다.",
    ]
    assert all(sentence.raw in MARKED for sentence in found)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("यह पहला वाक्य है। यह दूसरा है॥ हाँ।", 3),
        ("یہ پہلا جملہ ہے۔ کیا یہ دوسرا ہے؟ جی ہاں۔", 3),
        ("اس نے ایم۔اے کیا۔ پھر وہ گیا۔", 2),
        ("ဒါက ပထမ။ ဒါက ဒုတိယ။", 2),
        ("ይህ የመጀመሪያው ነው። አዎ።", 2),
        ("នេះជាប្រយោគទីមួយ។ នេះជាប្រយោគទីពីរ៕", 2),
        ("Սա առաջինն է։ Սա երկրորդն է։", 2),
        ("これは本です。それはペンです。", 2),
    ],
)
def test_sentences_end_with_the_stops_of_their_script(text, wanted):
    found = sentences(text)
    assert len(found) == wanted
    assert (
        "".join(one.raw for one in found) == "".join(text.split(" "))
        or " ".join(one.raw for one in found) == text
    )


def test_headings_are_found():
    assert headings("# One\n\ntext\n\n## *Two* ##\n") == ["One", "Two"]


@pytest.mark.parametrize("text", ["[a](b", "**", "\\", "[]()", "<", "![x](y"])
def test_broken_marks_break_nothing(text):
    assert isinstance(plain_text(text), str)


@pytest.mark.parametrize(
    "text", ["[" * 20_000, "(" * 20_000, "a. " * 20_000, "*" * 20_000, "\n" * 20_000, "[a](" * 5_000]
)
@pytest.mark.timeout(10)
def test_hostile_text_takes_no_long_time(text):
    sentences(text)
