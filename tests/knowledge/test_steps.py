"""The steps against a folder as the store; the teacher is one that answers what the test says."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from seedbed.judge.v1.steps_pb2 import GroundedInput
from seedbed.kernel.errors import Damaged, ItemError
from seedbed.kernel.store.blobs import blob_key, get_blob, put_blob
from seedbed.kernel.store.folder import FolderStore
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.step import Work
from seedbed.knowledge.cuts import PART, part_key
from seedbed.knowledge.reader import Cut, Reader
from seedbed.knowledge.replies import Augmentation, KnowledgePairs, Retelling
from seedbed.knowledge.steps import AugmentChunk, CutDocument, RetellChunk, WritePairs
from seedbed.knowledge.v1.steps_pb2 import (
    AugmentInput,
    AugmentResult,
    Chunk,
    ChunkInput,
    ChunkResult,
    GenerateInput,
    GenerateResult,
    RetellInput,
    RetellResult,
)
from seedbed.pipeline.items import Announce, Drop, candidate_id
from seedbed.pipeline.kinds.retellings import list_retellings, retell_input
from seedbed.pipeline.recipe import Recipe
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, QuestionAndAnswer, SeedExample
from tests.knowledge.markdown import KOREAN

SEED = SeedExample(
    context="Bees live in hives.",
    pairs=[QuestionAndAnswer(question="Where do bees live?", answer="In hives.")],
)


@dataclass
class FakeTools:
    store: Store
    reply: Any = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def ask(self, prompt: Any, /, **values: Any) -> Any:
        self.asked.append(values)
        return self.reply


@pytest.fixture
def tools(tmp_path: Path) -> FakeTools:
    return FakeTools(FolderStore(tmp_path / "store"))


async def document(tools: FakeTools, content: str, **more: Any) -> ChunkInput:
    blob = await put_blob(tools.store, content.encode())
    return ChunkInput(blob=blob, media_type="text/markdown", max_tokens=32, path="guides/a.md", **more)


async def test_a_document_is_cut_and_its_text_kept(tools: FakeTools):
    value = await document(tools, KOREAN)
    result = await CutDocument().run(value, tools)
    text = (await get_blob(tools.store, result.text)).decode()
    assert result.total == len(result.chunks) > 3
    assert result.converter == "plain-2"
    for chunk in result.chunks:
        assert text[chunk.start : chunk.end] == chunk.text


async def test_a_long_document_is_cut_part_by_part_and_read_once(tools: FakeTools):
    value = await document(tools, "".join(f"# H{n}\n\nText number {n}.\n\n" for n in range(2 * PART + 5)))
    step = CutDocument()
    parts = []
    while True:
        result = await step.run(value, tools)
        parts.append(result)
        following = step.follow(Work("d", value, result), Recipe()).announce
        if not following:
            break
        assert following == [Announce("knowledge.chunk", following[0].input)]
        value = following[0].input
        # From the second part on nothing is converted again: what is in the store is enough.
        step = CutDocument(NoReader())
    assert [len(part.chunks) for part in parts] == [PART, PART, 5]
    assert {part.total for part in parts} == {2 * PART + 5}
    headings = [chunk.headings[0] for part in parts for chunk in part.chunks]
    assert headings == [f"H{n}" for n in range(2 * PART + 5)]


class OtherReader(Reader):
    async def read(self, *_: Any) -> Cut:
        chunks = [Chunk(text=f"Text {n}", key=f"k{n}") for n in range(PART + 1)]
        return Cut(b"Text", chunks, ["page 2 is a picture"], "pdf-1")


async def test_notes_on_a_document_come_with_its_first_part_alone(tools: FakeTools):
    value = await document(tools, "anything")
    first = await CutDocument(OtherReader()).run(value, tools)
    value.first = PART
    second = await CutDocument(NoReader()).run(value, tools)
    assert list(first.notes) == ["page 2 is a picture"]
    assert (len(second.chunks), list(second.notes)) == (1, [])


class NoReader(Reader):
    async def read(self, *_: Any) -> Any:
        raise AssertionError("the document was read again")


async def test_a_lost_part_is_made_again(tools: FakeTools):
    value = await document(tools, "".join(f"# H{n}\n\nText number {n}.\n\n" for n in range(PART + 1)))
    await CutDocument().run(value, tools)
    await tools.store.delete(part_key(value, CutDocument.version, PART))
    value.first = PART
    assert [chunk.headings[0] for chunk in (await CutDocument().run(value, tools)).chunks] == [f"H{PART}"]


@pytest.mark.parametrize(
    ("content", "why"),
    [("", "no text at all"), (" \n", "no text at all"), ("# A\n\n## B\n", "nothing but headings")],
)
async def test_a_document_without_chunks_is_an_error_with_its_name(tools: FakeTools, content: str, why: str):
    value = await document(tools, content)
    with pytest.raises(ItemError, match=rf"document guides/a.md yields no chunk: it holds {why}"):
        await CutDocument().run(value, tools)


async def test_a_document_that_is_not_in_the_store_is_damage(tools: FakeTools):
    with pytest.raises(Damaged, match=r"damaged: document with the sha256 00ff \(cas/.*\) is missing"):
        await CutDocument().run(ChunkInput(blob="00ff", media_type="text/plain", max_tokens=400), tools)


@pytest.mark.parametrize("data", [b"", b"# Gu", b"# Guide\n\nTexT.\n"])
async def test_a_document_whose_bytes_are_others_is_damage(tools: FakeTools, data: bytes):
    value = await document(tools, "# Guide\n\nText.\n")
    await tools.store.put(blob_key(value.blob), data)
    with pytest.raises(Damaged, match=r"damaged: document guides/a\.md \(cas/.*\) does not have the digest"):
        await CutDocument().run(value, tools)


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-9], lambda data: b"x" + data[1:]])
async def test_a_damaged_cut_is_made_again_from_the_document(tools: FakeTools, damage: Any):
    value = await document(tools, "".join(f"# H{n}\n\nText {n}.\n\n" for n in range(PART + 5)))
    await CutDocument().run(value, tools)
    value.first = PART
    key = part_key(value, CutDocument.version, PART)
    whole = await CutDocument().run(value, tools)
    await tools.store.put(key, damage(await tools.store.get(key)))
    assert await CutDocument().run(value, tools) == whole


async def test_an_unknown_media_type_is_an_error(tools: FakeTools):
    with pytest.raises(ItemError, match=r"document a\.png cannot be read: media type image/png"):
        await CutDocument().run(ChunkInput(blob="00ff", media_type="image/png", path="a.png"), tools)


def test_each_chunk_is_followed_by_its_augmentations():
    value = ChunkInput(blob="b", first=0, domain="music", document_outline="Court music")
    result = ChunkResult(chunks=[Chunk(text="one", headings=["H"]), Chunk(text="two")], total=2)
    recipe = Recipe(augmentations=("detailed_summary", "atomic_facts"))
    following = CutDocument().follow(Work("d", value, result), recipe)
    assert [announce.step for announce in following.announce] == ["knowledge.augment"] * 4
    assert following.announce[1].input == AugmentInput(
        text="one",
        headings=["H"],
        augmentation="atomic_facts",
        document_outline="Court music",
        domain="music",
    )


def test_a_part_with_all_augmentations_announces_no_more_than_an_item_may():
    result = ChunkResult(chunks=[Chunk(text="x")] * PART, total=PART * 2)
    recipe = Recipe(
        augmentations=("detailed_summary", "extractive_summary", "atomic_facts"),
        retellings=("rewrite", "implications", "dialogue", "question_list"),
        viewpoints=4,
    )
    assert len(CutDocument().follow(Work("d", ChunkInput(), result), recipe).announce) <= 2000


def test_each_chunk_is_followed_by_its_retellings_each_in_another_way():
    value = ChunkInput(blob="b", first=0, domain="music", document_outline="Court music")
    result = ChunkResult(chunks=[Chunk(text="one", headings=["H"]), Chunk(text="two")], total=2)
    recipe = Recipe(retellings=("rewrite", "dialogue"), viewpoints=3)
    following = CutDocument().follow(Work("d", value, result), recipe).announce
    assert [announce.step for announce in following] == ["knowledge.retell"] * 12
    wanted = [announce.input for announce in following]
    assert len({one.SerializeToString() for one in wanted}) == 12
    assert [one.family for one in wanted[:6]] == ["rewrite"] * 3 + ["dialogue"] * 3
    assert len({one.view for one in wanted}) == len({one.order for one in wanted}) == 3
    assert wanted[0].order == "as it stands"
    assert {(one.domain, one.document_outline) for one in wanted} == {("music", "Court music")}
    # What it finds again when passages are looked for is the same item.
    leaf = Leaf(domain="music", document_outline="Court music")
    ways = list(list_retellings(recipe))
    assert [retell_input(leaf, result.chunks[0], way) for way in ways] == wanted[:6]


async def test_a_retelling_is_asked_for_and_kept(tools: FakeTools):
    tools.reply = Retelling(lines=[" A: Where? ", " ", "B: In hives."])
    value = RetellInput(text="t", headings=["H"], family="dialogue", view="a teacher", order="as it stands")
    assert await RetellChunk().run(value, tools) == RetellResult(text="A: Where?\nB: In hives.")
    asked = tools.asked[0]
    assert (asked["family"], asked["view"], asked["order"]) == ("dialogue", "a teacher", "as it stands")
    assert RetellChunk().follow(Work("d", value, RetellResult(text="x")), Recipe()).announce == ()
    value.family = "rewrite"
    tools.reply = Retelling(lines=["Bees live in hives.", "They make honey."])
    flowing = RetellResult(text="Bees live in hives. They make honey.")
    assert await RetellChunk().run(value, tools) == flowing


async def test_an_augmentation_is_asked_for_and_kept(tools: FakeTools):
    tools.reply = Augmentation(text=" Bees live in hives. ")
    value = AugmentInput(
        text="t", headings=["H"], augmentation="atomic_facts", domain="d", document_outline="o"
    )
    assert await AugmentChunk().run(value, tools) == AugmentResult(text="Bees live in hives.")
    assert tools.asked[0]["augmentation"] == "atomic_facts"
    assert AugmentChunk().follow(Work("d", value, AugmentResult(text="x")), Recipe()).announce == ()


async def test_pairs_are_asked_for_and_no_more_than_asked_for_are_kept(tools: FakeTools):
    tools.reply = KnowledgePairs.model_validate(
        {"pairs": [{"question": f" q{n} ", "answer": "a"} for n in range(5)]}
    )
    value = GenerateInput(source="summary", chunk="chunk", seed=SEED, form="long", pairs=3)
    result = await WritePairs().run(value, tools)
    assert [pair.question for pair in result.pairs] == ["q0", "q1", "q2"]
    assert tools.asked[0]["document"] == "summary"
    assert tools.asked[0]["form"] == "long"


def test_pairs_go_to_the_judge_against_the_chunk():
    pairs = [("", "x"), ("Where do bees live now?", "In hives."), ("Who leads a hive?", "The queen.")]
    value = GenerateInput(source="summary", chunk="chunk", seed=SEED, domain="bees", pairs=3)
    result = GenerateResult(pairs=[QuestionAndAnswer(question=q, answer=a) for q, a in pairs])
    following = WritePairs().follow(Work("digest", value, result), Recipe())
    assert following.drop == [
        Drop(candidate_id("digest", 0), "rejected", "empty"),
        Drop(candidate_id("digest", 1), "duplicate", "like a question of the seed"),
    ]
    judged = GroundedInput(document="chunk", question="Who leads a hive?", answer="The queen.", domain="bees")
    assert following.announce == [Announce("judge.grounded", judged, candidate_id("digest", 2))]
