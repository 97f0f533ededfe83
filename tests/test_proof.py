"""The proof: its units are comparable, and its figures are what they are called."""

import argparse
import json
import re

import pytest
import torch
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer
from typer.testing import CliRunner

from benchmarks.proof import scores
from benchmarks.proof.conditions import CONDITIONS
from benchmarks.proof.examine import examine, write_prompt
from benchmarks.proof.passages import choose, read_passages
from benchmarks.proof.recorded import make_rows, write_rows
from benchmarks.proof.table import describe, gain, group, read_units
from benchmarks.proof.taxonomy import write_taxonomy
from benchmarks.proof.unit import add_options, make_order
from seedbed.cli.app import app
from seedbed.pipeline.recipe import read_recipe
from seedbed.trainer.data.rows import read_external
from seedbed.trainer.recipe import read_training_recipe
from tests.trainer.students import write_tiny

ENTRIES = [
    {
        "title": f"Island {number // 2}",
        "context": f"The island has {number} harbours. Its lighthouse was lit in {1800 + number}. ",
        "questions": [
            {"question": f"When was lighthouse {number} lit?", "answer": f"in {1800 + number}"},
            {"question": f"How many harbours has island {number}?", "answer": str(number)},
        ],
        "completions": [
            f"**Implications:**\n\n1. Ships may land in {number} places.\n2. **Nights** are lit.",
            "What is lit?\nAnswer 1: The lighthouse.\n\nQuestion 2:  Where do they land?\nAnswer 2: Here.",
        ],
    }
    for number in range(8)
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(ENTRIES))
    return path


def test_fewer_passages_are_always_among_more(file):
    passages = read_passages(file)
    assert len(passages) == len({one.id for one in passages}) == 8
    for count in range(8):
        few, more = choose(passages, count), choose(passages, count + 1)
        assert len(few) == count
        assert [one for one in more if one in few] == few
    questions = [question.id for one in passages for question in one.questions]
    assert len(set(questions)) == 16


def test_completions_become_texts_below_their_title_without_what_was_said_to_the_asker(file):
    rows = list(make_rows(file, "text"))
    assert len(rows) == 16
    assert rows[0]["text"] == "Island 0\n\n1. Ships may land in 0 places.\n2. Nights are lit."
    chosen = {read_passages(file)[3].id}
    assert {row["metadata"]["passage"] for row in make_rows(file, "text", chosen)} == chosen


def test_completions_become_questions_as_the_trainer_reads_them(file, tmp_path):
    count = write_rows(tmp_path / "rows.jsonl", make_rows(file, "questions"))
    found = read_external(tmp_path / "rows.jsonl", "rows.jsonl")
    assert not found.malformed
    assert len(found.rows) == count == 16
    talks = [[message["content"] for message in row.messages] for row in found.rows[:2]]
    assert talks == [["What is lit?", "The lighthouse."], ["Where do they land?", "Here."]]


def test_the_taxonomy_is_sound_and_holds_no_question_that_is_asked(file, tmp_path):
    passages = read_passages(file)
    write_taxonomy(tmp_path / "taxonomy", passages)
    ended = CliRunner().invoke(app, ["taxonomy", "lint", str(tmp_path / "taxonomy")])
    assert ended.exit_code == 0, ended.output
    leaves = sorted((tmp_path / "taxonomy").rglob("qna.yaml"))
    assert len(leaves) == 4
    text = "\n".join(leaf.read_text() for leaf in leaves)
    assert not any(question.question in text for one in passages for question in one.questions)
    assert all(len(list(leaf.parent.glob("*.md"))) == 2 for leaf in leaves)


def test_every_recipe_learns_as_many_tokens_as_every_other():
    for condition in CONDITIONS.values():
        if condition.phases:
            recipe = read_training_recipe(yaml.safe_dump(condition.recipe(10_000, 3)))
            assert sum(phase.tokens or 0 for phase in recipe.phases) == 10_000
            assert recipe.seed == 3


@pytest.mark.parametrize(
    ("said", "gold", "exact", "f1", "holds"),
    [
        ("The Eiffel Tower!", "eiffel tower", 1, 1.0, 1),
        ("It was lit in 1874.", "in 1874", 0, 4 / 7, 1),
        ("1874", "in 1874", 0, 2 / 3, 0),
        ("a 18745", "1874", 0, 0.0, 0),
        ("", "1874", 0, 0.0, 0),
        ("the", "a", 1, 1.0, 0),
    ],
)
def test_answers_are_compared_as_squad_does(said, gold, exact, f1, holds):
    found = scores.exact(said, gold), scores.f1(said, gold), scores.holds(said, gold)
    assert found == pytest.approx((exact, f1, holds))


def test_the_teacher_is_asked_by_a_recipe_that_keeps_all_passages(tmp_path):
    parser = argparse.ArgumentParser()
    add_options(parser)
    asked = parser.parse_args([str(tmp_path), "--student", "s", "--retellings", "rewrite,dialogue"])
    recipe = read_recipe(json.dumps(make_order(asked, "retold", 2).generation))
    assert recipe.passages
    assert recipe.retellings == ("rewrite", "dialogue")
    assert make_order(asked, "base", 2).seed == 0
    asked.retellings = ""
    assert not read_recipe(json.dumps(make_order(asked, "lab", 1).generation)).retellings


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_likelihood_is_that_of_the_right_answers_tokens(file, tmp_path):
    folder = write_tiny(tmp_path / "student")
    passages = choose(read_passages(file), 5)
    found = examine(folder, passages)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    asked = [(passage, question) for passage in passages for question in passage.questions]
    for (passage, question), one in zip(asked, found, strict=True):
        assert one["question"] == question.id
        talk = [{"role": "user", "content": write_prompt(passage, question)}]
        text = tokenizer.apply_chat_template(talk, add_generation_prompt=True, tokenize=False)
        before = tokenizer(text, add_special_tokens=False)["input_ids"]
        gold = tokenizer(question.answer, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            logits = model(torch.tensor([[*before, *gold]])).logits[0].log_softmax(dim=1)
        expected = sum(float(logits[len(before) - 1 + place, token]) for place, token in enumerate(gold))
        assert one["likelihood"] == pytest.approx(expected / len(gold), abs=1e-3)


def unit(recipe, shift, seed=1, **more):
    asked = [
        {
            "question": f"{passage}-{number}",
            "passage": f"p{passage}",
            "exact": int((passage + number) % 3 == 0) if recipe == "base" else 1,
            "f1": 0.1 * passage + shift,
            "holds": 0,
            "likelihood": -5 + shift,
        }
        for passage in range(6)
        for number in range(4)
    ]
    common = {"data": {"sha256": "d"}, "passages": ["p"] * 6, "student": {"name": "s", "sha256": "s"}}
    trained = {
        "tokens": 1000,
        "teacher": "t",
        "generation": {},
        "phases": [{"tokens": 1500}],
        "train_seconds": 60,
    }
    whole = {**common, "recipe": recipe, "seed": seed, "questions": asked, "exam_seconds": 60}
    return {**whole, **(trained if recipe != "base" else {}), **more}


def test_a_gain_is_paired_and_a_mean_over_seeds():
    base = unit("base", 0)
    middle, least, most = gain(base, [unit("text", 0.1, 1), unit("text", 0.3, 2)], "likelihood")
    assert (middle, least, most) == pytest.approx((0.2, 0.2, 0.2))
    middle, least, most = gain(base, [unit("text", 0)], "exact")
    assert least < middle < most
    assert middle == pytest.approx(1 - sum(one["exact"] for one in base["questions"]) / 24)


def test_an_interval_draws_whole_passages():
    base, text = unit("base", 0), unit("text", 0)
    for one in text["questions"]:
        # All questions of a passage go the same way, so that there are six draws and not twenty-four.
        one["f1"] = next(b["f1"] for b in base["questions"] if b["question"] == one["question"])
        one["f1"] += 1.0 if one["passage"] in ("p0", "p1", "p2") else 0.0
    middle, least, most = gain(base, [text], "f1")
    assert middle == pytest.approx(0.5)
    assert {round(6 * least, 6) % 1, round(6 * most, 6) % 1} == {0}
    assert most - least > 0.6


def test_units_that_cannot_be_compared_are_in_no_common_table(tmp_path):
    units = [
        unit("base", 0),
        unit("text", 0.1),
        unit("lab", 0.2),
        unit("text", 0.1, tokens=2000),
        unit("text", 0.1, student={"name": "o", "sha256": "o"}),
        unit("text", 0.1, generation={"retellings": ["rewrite"]}),
    ]
    for number, one in enumerate(units):
        (tmp_path / f"{number}.json").write_text(json.dumps(one))
    groups = [found for _, found in group(read_units(tmp_path)).values()]
    assert sorted(len(found) for found in groups) == [1, 1, 2]
    lines = list(describe(units[0], units[1:3]))
    assert [line.split(" |")[0] for line in lines[4:]] == ["| base", "| text", "| lab"]
    assert re.search(r"-4\.800: \+0\.200 \(\+0\.200 to \+0\.200\)", lines[-1])
