import pytest

from seedbed.taxonomy.lint.placeholders import find_placeholder


@pytest.mark.parametrize(
    "text",
    [
        "TODO",
        "todo: write this",
        "TBD",
        "...",
        "…",
        "???",
        "---",
        "xxx",
        "<answer here>",
        "<answer>",
        "{{ answer }}",
        "[Your answer]",
        "The context is <insert the text>",
        "Question 1",
        "Answer 3.",
        "Context 2",
        "test 1",
        "Q1",
        "Your question here",
        "Insert the answer here",
        "Add context here.",
        "Replace this text",
        "The answer",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
        "An excerpt of the document, word for word, a few sentences long.",
        "Frage 2",
        "noch zu schreiben",
        "Réponse 1",
        "à compléter",
        "Ответ 2",
        "سؤال 1",
        "질문 1",
        "여기에 답변을 입력하세요",
        "問題1",
        "ここに回答を入力",
        "待补充",
    ],
)
def test_what_stands_in_for_a_text_is_seen(text: str):
    assert find_placeholder(text)
    assert find_placeholder(f"\n  {text} \n")


@pytest.mark.parametrize(
    "text",
    [
        "What is a TODO list?",
        "Todo el mundo lo sabe.",
        "I wrote a to-do list.",
        "<div>",
        "`[]`",
        "{}",
        "[1, 2, 3]",
        "A",
        "x",
        "-",
        "42",
        "No",
        "Test",
        "Example",
        "Exam 1",
        "Here",
        "The answer is 4.",
        "What is the question?",
        "Context matters.",
        "Write a poem about this",
        "Rewrite this text",
        "Enter the number 5 here",
        "Put the kettle here and wait until it boils over the whole stove, then switch it off.",
        "",
    ],
)
def test_what_people_write_is_none(text: str):
    assert find_placeholder(text) == ""


@pytest.mark.parametrize("letters", ["<", "[your ", "add ", "여기에 ", "- ", "{{"])
def test_no_text_takes_long(letters: str):
    find_placeholder(letters * 20_000)
