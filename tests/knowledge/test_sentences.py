import pytest

from seedbed.knowledge.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text, 0, len(text))]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One. Two! Three?", 3),
        ("Dr. Su met J. R. R. Tolkien at 5 p.m. sharp.", 1),
        ("It weighs 3.5 kg. The U.S. Army uses it.", 2),
        ("See fig. 3 and e.g. the hive. Then go on.", 2),
        ("He said (it was late. Very late.) that he left. She stayed.", 2),
        ("Version 2.0 is out.\n1. First do this.", 2),
        ('"Is it so?" he asked. "Yes."', 2),
        ("A heading\n\nAnd a paragraph", 2),
        ("wait... what? no.", 1),
        ("정악은 음악이다. 궁중에서 연주되었다! 왜 그럴까?", 3),
        ("그는 2024. 5. 1. 에 왔다. 그리고 갔다.", 2),
        ("그렇게 했다.그리고 돌아왔다.", 2),
        ("これは本です。それはペンです。", 2),
        ("他来了！你呢？我走了。", 3),
        ("यह पहला वाक्य है। यह दूसरा है॥ क्या यह तीसरा है? हाँ।", 4),
        ("यह पहला है।यह दूसरा है।", 2),
        ("डॉ. शर्मा 3.5 कि.मी. दूर रहते हैं। वे पं. नेहरू से मिले।", 2),
        ("এটি প্রথম। এটি দ্বিতীয়।", 2),
        ("ਇਹ ਪਹਿਲਾ ਹੈ। ਇਹ ਦੂਜਾ ਹੈ।", 2),
        ("یہ پہلا جملہ ہے۔ کیا یہ دوسرا ہے؟ جی ہاں۔", 3),
        ("اس نے ایم۔اے کیا۔ پھر وہ گیا۔", 2),
        ("هذه جملة. هل هذه أخرى؟ نعم! وصل د. أحمد أمس.", 4),
        ("ဒါက ပထမ။ ဒါက ဒုတိယ။", 2),
        ("ဒါက ပထမ၊ နောက်တစ်ခု။ဒါက ဒုတိယ။", 2),
        ("ይህ የመጀመሪያው ነው። ይህ ሁለተኛው ነው? ይህስ፧ አዎ።", 4),
        ("នេះជាប្រយោគទីមួយ។ នេះជាប្រយោគទីពីរ៕", 2),
        ("འདི་དང་པོ་ཡིན། འདི་གཉིས་པ་ཡིན།", 2),
        ("Սա առաջինն է։ Սա երկրորդն է։", 2),
        ("ᠡᠨᠡ ᠨᠢᠭᠡ᠃ ᠡᠨᠡ ᠬᠣᠶᠠᠷ᠃", 2),
        ("То был А. С. Пушкин. Он писал.", 2),
        ("これは本です．それはペン｡はい！？いいえ。", 4),
        ("値は３．５である．終わり．", 2),
        ("他说：“走吧。”我走了。", 2),
        ("( never closed. " + "word " * 100 + "end. Next one.", 2),
    ],
)
def test_sentences(text: str, wanted: int):
    assert len(cut(text)) == wanted, cut(text)


def test_spans_hold_every_letter_in_order():
    text = "  One (a. b) two.\n\nThree? 넷이다. 다섯。 "
    assert "".join("".join(cut(text)).split()) == "".join(text.split())
