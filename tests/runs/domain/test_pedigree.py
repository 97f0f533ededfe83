from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.knowledge.v1.steps_pb2 import Chunk
from seedbed.pipeline.recipe import Recipe
from seedbed.runs.domain.pedigree import list_open
from seedbed.runs.v1.candidate_pb2 import Part
from tests.runs.leaf_states import advance, make_course, part_of, run, settle, written
from tests.runs.leaves import knowledge_leaf, skill_leaf
from tests.runs.steps import reply


def finished(leaf, **values):
    state = make_course(leaf, Recipe(**{"target": 6, **values}))
    written(state).commit = "c0ffee"
    run(state)
    return state, Part.FromString(part_of(state))


def test_a_knowledge_candidate_knows_where_it_comes_from():
    leaf = knowledge_leaf(seeds=3)
    state, part = finished(leaf)
    assert (part.path, part.kind, part.leaf_digest) == (leaf.path, "knowledge", leaf.digest)
    for candidate in part.candidates:
        draw = written(state).draws[candidate.draw]
        source, chunk = candidate.source, draw.passage.chunk
        assert (source.document, source.blob) == ("a.txt", sha256_hex("a.txt"))
        assert (source.chunk, source.chunk_start, source.chunk_end) == (chunk.text, chunk.start, chunk.end)
        assert source.converter == "plain-1"
        # The verdict counts in the chunk, the pedigree in the document.
        assert (source.evidence_start, source.evidence_end) == (chunk.start + 2, chunk.start + 5)
        assert candidate.seed_digest == sha256_hex(message_bytes(leaf.seeds[candidate.seed_index]))
        assert candidate.leaf_commit == "c0ffee"
        assert candidate.form in ("short", "long")
        assert [m.spec.step for m in candidate.makings] == ["knowledge.generate", "judge.grounded"]
        assert {score.name: score.value for score in candidate.makings[1].scores}["faithful"] == 1
        assert candidate.round >= 1
        assert candidate.end


def test_evidence_in_a_chunk_that_begins_with_a_table_s_head_is_found_in_the_text():
    text = "# T\n\n| a | b |\n|---|---|\n| one | two |\n| three | four |"
    head, row = text.index("| a"), text.index("| three")
    spans = {}
    for start, end in ((2, 3), (22, 27), (2, 27)):

        def headed(step, value, digest, span=(start, end)):
            result = reply(step, value, digest)
            if step == "knowledge.chunk":
                result.total = 1
                del result.chunks[1:]
                chunk = text[head : head + 20] + text[row:]
                result.chunks[0].MergeFrom(
                    Chunk(text=chunk, start=row, end=len(text), head_start=head, head_end=head + 20)
                )
            if step == "judge.grounded":
                result.evidence_start, result.evidence_end = span
            return result

        state = make_course(knowledge_leaf(), Recipe(target=2, dry_rounds=1))
        run(state, headed)
        source = Part.FromString(part_of(state)).candidates[0].source
        assert (source.head_start, source.head_end) == (head, head + 20)
        assert text[head : head + 20] + text[row:] == source.chunk
        spans[start, end] = text[source.evidence_start : source.evidence_end]
    assert spans == {(2, 3): "a", (22, 27): "three", (2, 27): text[head + 2 : row + 7]}


def test_evidence_that_was_not_found_has_no_span():
    def unproven(step, value, digest):
        result = reply(step, value, digest)
        if step == "judge.grounded":
            result.evidence_found = 0
        return result

    state = make_course(knowledge_leaf(), Recipe(target=2, dry_rounds=1))
    run(state, unproven)
    part = Part.FromString(part_of(state))
    assert {(c.source.evidence_start, c.source.evidence_end) for c in part.candidates} == {(0, 0)}
    assert {c.reason for c in part.candidates} <= {"evidence not found", "relevancy 1"}


def test_a_grounded_skill_shows_its_new_context():
    _, part = finished(skill_leaf(grounded=True))
    for candidate in part.candidates:
        assert candidate.context
        assert not candidate.context.startswith("About")
        assert candidate.makings[0].spec.step == "skills.context"
        assert not candidate.HasField("source")


def test_a_part_is_ordered_and_tells_of_every_end():
    state, part = finished(skill_leaf(), target=9)
    order = [(candidate.draw, candidate.id) for candidate in part.candidates]
    assert order == sorted(order)
    counts = state.counts()
    for end in ("accepted", "rejected", "duplicate", "unneeded"):
        assert sum(c.end == end for c in part.candidates) == getattr(counts, end)


def test_a_part_is_written_as_one_message_would_be():
    state, part = finished(knowledge_leaf(), augmentations=("atomic_facts",))
    assert part.augmentations
    assert part_of(state) == message_bytes(part)


def test_open_candidates_have_no_end():
    state = make_course(skill_leaf(), Recipe(target=6))
    state.prepare()
    advance(state)
    settle(state)
    candidates = [c for begun in state.begun for c in list_open(state, begun, "")]
    assert candidates
    assert {c.end for c in candidates} == {""}


def test_an_augmentation_knows_its_chunk():
    state, part = finished(knowledge_leaf(), augmentations=("atomic_facts", "detailed_summary"))
    assert {a.augmentation for a in part.augmentations} == {"atomic_facts", "detailed_summary"}
    for augmentation in part.augmentations:
        assert augmentation.text == augmentation.source.augmented
        assert augmentation.source.chunk
        assert augmentation.path == state.leaf.path


def test_a_part_has_all_passages_as_they_stand_where_the_recipe_keeps_them():
    state, part = finished(knowledge_leaf(), augmentations=("atomic_facts",), passages=True, target=1)
    plain = [one for one in part.augmentations if not one.augmentation]
    assert [one.source.chunk for one in plain] == [
        passage.chunk.text for passage in state.passages if not passage.augmentation
    ]
    assert len(plain) > len({candidate.source.chunk for candidate in part.candidates})
    assert {one.text for one in plain} == {""}
    assert len({one.id for one in part.augmentations}) == len(part.augmentations) > len(plain)


def test_retellings_are_in_the_part_and_nothing_is_asked_about_them():
    state, part = finished(knowledge_leaf(), retellings=("rewrite", "dialogue"), viewpoints=2)
    names = [one.augmentation for one in part.augmentations]
    chunks = [passage for passage in state.passages if not passage.augmentation]
    assert sorted(names) == sorted(["rewrite", "rewrite_2", "dialogue", "dialogue_2"] * len(chunks))
    assert len({one.id for one in part.augmentations}) == len(part.augmentations)
    assert {candidate.source.augmentation for candidate in part.candidates} == {""}


def test_an_edit_elsewhere_keeps_the_names():
    _, before = finished(knowledge_leaf(), augmentations=("atomic_facts",))
    _, after = finished(knowledge_leaf(documents=("a.txt", "b.txt")), augmentations=("atomic_facts",))
    assert {a.id for a in before.augmentations} < {a.id for a in after.augmentations}
