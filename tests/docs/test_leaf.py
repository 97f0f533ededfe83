"""The leaf that docs/leaf.md writes, with each slip that the page names: lint says what the page says."""

import re

import pytest
from typer.testing import CliRunner

from seedbed.cli.app import app
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "leaf.md"
LEAF = "mine/knowledge/health/nursing/hand_hygiene"
# What is done to the questions, and a word of what is then said.
SLIPS = {
    "not YAML": lambda text: text.replace("    questions_and_answers:", "   questions_and_answers:", 1),
    "no file matches": lambda text: text.replace("[hand_hygiene.md]", "[hand_hygene.md]"),
    "4 seed examples": lambda text: text[: text.rindex("  - context:")],
    "2 question-and-answer pairs": lambda text: text[: text.rindex("      - question:")],
    "word for word": lambda text: text.replace("before you touch a patient", "before touching a patient", 1),
    "still to be written": lambda text: text.replace("answer: In your locker.", "answer: TODO"),
    "attribution.txt is missing": None,
}
SAID = [
    row.split(" | ")[0].strip("| `")
    for row in re.findall(r"^\| `.*(?:error|warning): .*$", PAGE.read_text(), re.MULTILINE)
]


@pytest.fixture
def leaf(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in blocks(PAGE):
        if block.title:
            file = tmp_path / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
    return tmp_path / LEAF


def test_the_page_tells_of_these_slips_and_no_others():
    assert len(SAID) == len(SLIPS)


@pytest.mark.parametrize("word", SLIPS)
def test_a_slip_is_answered_as_the_page_says(leaf, word):
    (said,) = [said for said in SAID if word in said]
    questions = leaf / "qna.yaml"
    if slip := SLIPS[word]:
        text = questions.read_text()
        questions.write_text(slip(text))
        assert questions.read_text() != text
    else:
        (leaf / "attribution.txt").unlink()
    ended = CliRunner().invoke(app, ["taxonomy", "lint", "mine"])
    assert said in ended.output
    assert ended.exit_code == (2 if said.startswith("error") else 0)
