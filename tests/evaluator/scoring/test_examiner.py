import json
import shutil

import pytest

from seedbed.evaluator.exams.exam import Exam, Question, place_answer
from seedbed.evaluator.exams.lm_eval_tasks import task_name, write_task
from seedbed.evaluator.scoring.examiner_client import ExaminerClient
from seedbed.kernel.errors import InputError, ItemError
from tests.evaluator.students import make_student, make_tokenizer, teach

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("examiner")]

LEAF = "knowledge/garden"
TAUGHT = [
    ("What opens a beech nut?", "Frost opens it."),
    ("What closes a pine cone?", "Rain closes it."),
]
WRONG = {"Frost opens it.": ("Ovens open it.", "Teeth open it.", "Winds open it."),
         "Rain closes it.": ("Wind closes it.", "Heat closes it.", "Owls closes it.")}  # fmt: skip


def make_exam():
    questions = []
    for number, (question, answer) in enumerate(TAUGHT):
        choices, right = place_answer(str(number), answer, WRONG[answer])
        questions.append(Question(str(number), LEAF, question, answer, choices, right))
    return Exam(LEAF, "knowledge", 2, tuple(questions))


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    folder = tmp_path_factory.mktemp("school")
    base = make_student(folder / "base")
    teach(base, folder / "tuned", TAUGHT)
    teach(base, folder / "adapter", TAUGHT, steps=200, lora=True)
    tasks = folder / "tasks"
    tasks.mkdir()
    for name, data in write_task(make_exam(), str(tasks)):
        (tasks / name).write_bytes(data)
    return folder


@pytest.fixture
async def examiner():
    examiner = ExaminerClient()
    yield examiner
    await examiner.close()


async def score(examiner, school):
    rows = await examiner.order("score", folder=str(school / "tasks"), tasks=[task_name(LEAF)], system="")
    return {row["question"]: row for row in rows}


@pytest.mark.slow
async def test_what_was_learned_is_seen_and_the_base_stays_loaded(school, examiner):
    base = str(school / "base")
    await examiner.order("load", base=base, tokenizer=str(school / "tuned"))
    before = await score(examiner, school)
    seen = {}
    for worn in ("tuned", "adapter"):
        await examiner.order("use", checkpoint=str(school / worn))
        seen[worn] = await score(examiner, school)
    for after in seen.values():
        assert [row["choice"] for row in after.values()] == [1.0, 1.0]
        assert all(after[name]["likelihood"] > before[name]["likelihood"] + 0.3 for name in after)
    taken_off = await examiner.order("use", checkpoint="")
    assert await score(examiner, school) == before
    assert taken_off == {"loads": 1}
    await examiner.order("use", checkpoint=str(school / "tuned"))
    assert await score(examiner, school) == seen["tuned"]
    answers = await examiner.order(
        "answer", prompts=[question for question, _ in TAUGHT], system="", tokens=40
    )
    assert [answer[:4] for answer in answers] == [answer[:4] for _, answer in TAUGHT]


@pytest.mark.slow
async def test_what_goes_wrong_is_told_and_does_not_end_the_examiner(school, examiner, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nothing-known"}))
    with pytest.raises(InputError, match="holds no causal language model"):
        await examiner.order("load", base=str(tmp_path), tokenizer=str(school / "base"))
    await examiner.order("load", base=str(school / "base"), tokenizer=str(school / "base"))
    with pytest.raises(ItemError, match="could not score"):
        await examiner.order("score", folder=str(tmp_path), tasks=["none"], system="")
    assert set(await score(examiner, school)) == {"0", "1"}


@pytest.mark.slow
async def test_an_examiner_that_dies_is_told_of_and_another_comes(school, examiner):
    await examiner.order("load", base=str(school / "base"), tokenizer=str(school / "base"))
    examiner._process.kill()
    with pytest.raises(ItemError, match="ended with status -9"):
        await score(examiner, school)
    await examiner.order("load", base=str(school / "base"), tokenizer=str(school / "base"))
    assert set(await score(examiner, school)) == {"0", "1"}


@pytest.mark.slow
async def test_messages_are_prepared_as_in_the_training(school, examiner, tmp_path):
    strict = shutil.copytree(school / "tuned", tmp_path / "strict")
    template = (strict / "chat_template.jinja").read_text()
    refusing = "{% if messages[0].role == 'system' %}{{ raise_exception('no systems') }}{% endif %}"
    (strict / "chat_template.jinja").write_text(refusing + template)
    base, tasks = str(school / "base"), [task_name(LEAF)]
    question = TAUGHT[0][0]
    await examiner.order("load", base=base, tokenizer=str(strict), turns="keep")
    with pytest.raises(InputError, match="refuses it: no systems"):
        await examiner.order("answer", prompts=[question], system="be kind", tokens=4)
    with pytest.raises(InputError, match="refuses it: no systems"):
        await examiner.order("score", folder=str(school / "tasks"), tasks=tasks, system="be kind")
    seen = {}
    for turns, system in (("merge", "be kind"), ("drop", "be kind"), ("keep", "")):
        await examiner.order("load", base=base, tokenizer=str(strict), turns=turns)
        await examiner.order("use", checkpoint=str(school / "tuned"))
        seen[turns] = await examiner.order("score", folder=str(school / "tasks"), tasks=tasks, system=system)
        assert len(await examiner.order("answer", prompts=[question], system=system, tokens=4)) == 1
    assert seen["drop"] == seen["keep"]
    assert seen["merge"] != seen["keep"]


@pytest.mark.slow
async def test_an_answer_stops_at_every_end_that_the_checkpoint_names(school, examiner, tmp_path):
    worn = shutil.copytree(school / "adapter", tmp_path / "worn")
    base = str(school / "base")
    await examiner.order("load", base=base, tokenizer=str(school / "tuned"))
    await examiner.order("use", checkpoint=str(worn))
    prompts = [question for question, _ in TAUGHT]
    assert all(await examiner.order("answer", prompts=prompts, system="", tokens=8))
    await examiner.order("use", checkpoint="")
    space = make_tokenizer()(" ")["input_ids"]
    (worn / "generation_config.json").write_text(json.dumps({"eos_token_id": space}))
    await examiner.order("use", checkpoint=str(worn))
    answers = await examiner.order("answer", prompts=prompts, system="", tokens=40)
    assert [answer.split() for answer in answers] == [["Frost"], ["Rain"]]
