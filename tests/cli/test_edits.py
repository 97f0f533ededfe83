"""An edit redoes what depends on it and nothing else, through the whole stack: every request is looked at."""

import json
import shutil
from collections import Counter

import pyarrow.parquet
import pytest
import yaml

from tests.cli.recorded import Recorded, listening
from tests.cli.stage import ROOT, TAXONOMY, seedbed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KNOWLEDGE = "knowledge/science/biology/seed_germination"
SKILL = "compositional_skills/linguistics/writing/thank_you_notes"
LOOK = "Look"
"""What the look before a run asks for."""
DRAWS, VERDICTS = "KnowledgePairs", "GroundedJudgement"
FILES = ("knowledge_train_msgs.jsonl", "skills_train_msgs.jsonl", "samples.parquet", "candidates.parquet")


class Stage:
    """One state folder, and what each command on it asked."""

    def __init__(self, folder, endpoint) -> None:
        self.folder = folder
        self.taxonomy = folder / "taxonomy"
        self.endpoint = endpoint
        for leaf in (KNOWLEDGE, SKILL):
            shutil.copytree(TAXONOMY / leaf, self.taxonomy / leaf)

    async def generate(self, *options, state="state", model="mock", **env):
        """Make the dataset; returns the requests by their schema."""
        before = len(self.endpoint.bodies)
        teacher = ("--teacher", self.endpoint.url, "--model", model, "--target", 4)
        places = ("--state", self.folder / state, "--out", self.folder / "dataset", "--json")
        ended = await seedbed("generate", self.taxonomy, *teacher, *places, *options, **env)
        assert ended.code == 0, ended.err
        asked: dict[str, list[str]] = {}
        for body in self.endpoint.bodies[before:]:
            request = json.loads(body)
            if "response_format" in request:
                name = request["response_format"]["json_schema"]["name"]
                if name != LOOK:
                    asked.setdefault(name, []).append(json.dumps(request["messages"], ensure_ascii=False))
        assert sum(map(len, asked.values())) == ended.object["teacher_calls"]
        return asked

    def dataset(self):
        return {name: (self.folder / "dataset" / name).read_bytes() for name in FILES}

    def rows(self):
        return pyarrow.parquet.read_table(self.folder / "dataset" / "samples.parquet").to_pylist()


@pytest.fixture
async def stage(tmp_path):
    async with listening(Recorded("mock", "other")) as endpoint:
        yield Stage(tmp_path, endpoint)


def of_knowledge(asked):
    return set(asked) <= {DRAWS, VERDICTS}


async def edit_the_seed(stage):
    """Of the leaf's seeds one that samples came from."""
    seed = next(row["seed_index"] for row in stage.rows() if row["leaf"] == KNOWLEDGE)
    path = stage.taxonomy / KNOWLEDGE / "qna.yaml"
    leaf = yaml.safe_load(path.read_text())
    leaf["seed_examples"][seed]["questions_and_answers"][0]["question"] = "Which seed was edited?"
    old = {
        row["seed_digest"] for row in stage.rows() if row["seed_index"] == seed and row["leaf"] == KNOWLEDGE
    }
    path.write_text(yaml.safe_dump(leaf, sort_keys=False, allow_unicode=True))
    asked = await stage.generate()
    assert asked
    assert of_knowledge(asked)
    assert all("Which seed was edited?" in message for message in asked[DRAWS])
    assert not old & {row["seed_digest"] for row in stage.rows()}


async def edit_the_document(stage):
    """One section of one document: the chunks elsewhere are what they were."""
    row = next(row for row in stage.rows() if row["leaf"] == KNOWLEDGE)
    path = stage.taxonomy / KNOWLEDGE / row["document"]
    line = next(line for line in row["chunk"].splitlines() if len(line) > 40)
    path.write_text(path.read_text().replace(line, f"{line} Here a sentence was added."))
    asked = await stage.generate()
    assert asked
    assert of_knowledge(asked)
    messages = [message for found in asked.values() for message in found]
    assert all("Here a sentence was added." in message for message in messages)
    assert row["chunk"] not in {row["chunk"] for row in stage.rows()}


async def edit_the_prompt(stage, service, name, schemas):
    """The template is another one: another version of the program."""
    services = stage.folder / name
    shutil.copytree(ROOT / "services", services, ignore=shutil.ignore_patterns("__pycache__"))
    path = services / "seedbed" / service / "prompts" / f"{name}.jinja"
    path.write_text(path.read_text().replace("{% endblock %}", " Take your time.{% endblock %}", 1))
    asked = await stage.generate(PYTHONPATH=str(services))
    assert set(asked) == schemas
    assert all("Take your time." in message for message in asked[next(iter(schemas - {VERDICTS}), VERDICTS)])


async def test_each_edit_redoes_what_depends_on_it_and_taking_it_back_costs_nothing(stage):
    assert len(await stage.generate()) > 4
    first = stage.dataset()
    kept = {path: path.read_text() for path in stage.taxonomy.rglob("*") if path.is_file()}

    await edit_the_seed(stage)
    await edit_the_document(stage)
    await edit_the_prompt(stage, "judge", "grounded", {VERDICTS})
    await edit_the_prompt(stage, "knowledge", "generate", {DRAWS, VERDICTS})
    recipe = stage.folder / "recipe.yaml"
    recipe.write_text("chunk_tokens: 150")
    assert of_knowledge(asked := await stage.generate("--recipe", recipe))
    assert asked
    # Another judge weighs anew what the teacher had written; another teacher begins anew.
    judged = await stage.generate("--judge", stage.endpoint.url, "--judge-model", "other")
    assert set(judged) == {VERDICTS, "InstructionJudgement", "PairJudgement"}
    taught = await stage.generate(model="other")
    assert {DRAWS, "Instructions", "SkillResponse"} <= set(taught)

    for path, text in kept.items():
        path.write_text(text)
    assert await stage.generate() == {}
    assert stage.dataset() == first

    # The store alone is enough for another machine.
    shutil.copytree(stage.folder / "state" / "store", stage.folder / "elsewhere" / "store")
    assert await stage.generate(state="elsewhere") == {}
    assert stage.dataset() == first

    shutil.rmtree(stage.taxonomy / KNOWLEDGE)
    assert await stage.generate() == {}
    assert Counter(row["leaf"] for row in stage.rows()) == {SKILL: 4}
    assert KNOWLEDGE.encode() not in b"".join(stage.dataset().values())
