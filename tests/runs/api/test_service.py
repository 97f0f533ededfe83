"""Runs over gRPC, end to end on a real bus and store: what is asked for is made, once, and found again."""

import asyncio
from typing import Any

import grpc

from seedbed.bus.v1.bus_pb2 import LeafState, RunState
from seedbed.runs.v1 import runs_service_pb2 as pb
from seedbed.runs.v1.candidate_pb2 import Part
from tests.runs.garden import refused, succeeded
from tests.runs.leaves import finish, knowledge_leaf, skill_leaf

GROUNDED = skill_leaf("compositional_skills/recast", grounded=True)


async def test_a_run_of_all_kinds_gives_exactly_what_was_asked_for(garden, hand):
    run = await garden.make(knowledge_leaf(), skill_leaf(), GROUNDED, target=8)
    assert succeeded(run)
    assert [leaf.counts.accepted for leaf in run.leaves] == [8, 8, 8]
    assert {leaf.state for leaf in run.leaves} == {LeafState.LEAF_STATE_SEALED}
    assert run.progress.requests == hand.calls.total()
    assert len(hand.asked) == len(set(hand.asked))
    accepted = await garden.candidates(run.name, end=pb.CandidateEnd.CANDIDATE_END_ACCEPTED)
    assert len({candidate.question for candidate in accepted}) == 24
    everything = await garden.candidates(run.name)
    assert len(everything) == sum(
        leaf.counts.accepted + leaf.counts.rejected + leaf.counts.duplicate + leaf.counts.unneeded
        for leaf in run.leaves
    )


async def test_equal_inputs_are_the_same_run(garden, hand):
    snapshot = await garden.sow(knowledge_leaf(), skill_leaf())
    wanted: list[dict[str, Any]] = [
        {"target": 6},
        {"target": 6, "leaves": ["knowledge", "*skills"]},
        {"recipe": "target: 6"},
    ]
    names = await asyncio.gather(*(garden.create(snapshot, **values) for values in wanted))
    assert len(set(names)) == 1
    run = await garden.watch(names[0])
    parts, calls = await garden.parts(run.name), hand.total
    assert await garden.create(snapshot, target=6) == run.name
    assert await garden.get(run.name) == run
    assert (await garden.parts(run.name), hand.total) == (parts, calls)


async def test_other_inputs_are_another_run_that_recalls(garden, hand):
    run = await garden.make(skill_leaf(), target=6)
    calls = hand.total
    fewer = await garden.make(skill_leaf(), target=4)
    assert fewer.name != run.name
    assert hand.total == calls
    assert fewer.progress.requests == 0
    assert fewer.progress.recalled > 0


async def test_a_changed_gate_recalls_every_verdict(garden, hand):
    first = await garden.make(skill_leaf(), target=6)
    asked = set(hand.asked)
    loose = await garden.make(skill_leaf(), recipe="{target: 6, gates: {pair_score: 1}}")
    # What was there is enough: nobody is asked.
    assert set(hand.asked) == asked
    strict = await garden.make(skill_leaf(), recipe="{target: 6, gates: {pair_score: 3}}")
    assert len({first.name, loose.name, strict.name}) == 3
    assert [leaf.counts.accepted for run in (loose, strict) for leaf in run.leaves] == [6, 6]
    # Refilled beyond what was there, and nothing asked twice.
    assert len(hand.asked) == len(set(hand.asked)) > len(asked)


async def test_an_edited_seed_redoes_only_what_contains_it(garden, hand):
    leaf = knowledge_leaf(seeds=3)
    before = await garden.make(leaf, target=12)
    asked = len(hand.asked)
    leaf.seeds[1].context = "edited"
    run = await garden.make(finish(leaf), target=12)
    assert run.name != before.name
    assert 0 < len(hand.asked) - asked < asked
    for candidate in await garden.candidates(run.name):
        assert candidate.leaf_digest == leaf.digest


async def test_runs_are_listed_in_pages(garden):
    snapshot = await garden.sow(skill_leaf())
    names = [await garden.create(snapshot, target=target) for target in (1, 2, 3)]
    for name in names:
        await garden.watch(name)
    listed, token = [], ""
    while True:
        request = pb.ListRunsRequest(page_size=2, page_token=token)
        page = await garden.stub.ListRuns(request, timeout=9)
        listed.append([run.name for run in page.runs])
        token = page.next_page_token
        if not token:
            break
    # The latest first.
    assert listed == [names[:0:-1], names[:1]]


async def test_a_watch_begins_at_once_and_ends_with_the_run(garden, hand):
    hand.delay = 0.02
    name = await garden.create(await garden.sow(skill_leaf()), target=6)
    call = garden.stub.WatchRun(pb.WatchRunRequest(run=name), timeout=30)
    seen = [answer.run async for answer in call]
    assert {run.state for run in seen[:-1]} <= {RunState.RUN_STATE_RUNNING}
    assert succeeded(seen[-1])
    assert len(seen) > 1
    samples = [run.progress.samples for run in seen]
    assert samples[-1] == 6
    call = garden.stub.WatchRun(pb.WatchRunRequest(run=name), timeout=9)
    assert [answer.run async for answer in call] == seen[-1:]


async def test_followed_candidates_come_once_each(garden, hand):
    """Quotas of different size, so that a later round opens draws in between those of the first."""
    hand.delay = 0.01
    recipe = "{target: 20, short_share: 0.2, pairs: 2}"
    name = await garden.create(await garden.sow(knowledge_leaf(), skill_leaf()), recipe=recipe)
    followed = await garden.candidates(name, follow=True)
    whole = await garden.candidates(name)
    assert sorted(c.id for c in followed) == sorted(c.id for c in whole)
    assert {c.id: c for c in followed} == {c.id: c for c in whole}
    assert all(c.end for c in followed)
    assert {c.form for c in followed} == {"short", "long", ""}


async def test_candidates_are_chosen_by_leaf_and_end(garden):
    run = await garden.make(knowledge_leaf(), skill_leaf(), target=5)
    chosen = await garden.candidates(run.name, leaf="knowledge", end=pb.CandidateEnd.CANDIDATE_END_ACCEPTED)
    assert len(chosen) == 5
    assert {candidate.path for candidate in chosen} == {"knowledge/birds"}
    assert await garden.candidates(run.name, leaf="nothing") == []


async def test_a_trace_finds_the_whole_pedigree(garden):
    run = await garden.make(GROUNDED, target=4)
    accepted = (await garden.candidates(run.name, end=pb.CandidateEnd.CANDIDATE_END_ACCEPTED))[0]
    for request in (
        pb.TraceRequest(candidate=accepted.id),
        pb.TraceRequest(candidate=accepted.id[:12], run=run.name),
    ):
        found = await garden.stub.Trace(request, timeout=9)
        assert (found.run, found.candidate) == (run.name, accepted)
    steps = [making.spec.step for making in accepted.makings]
    assert steps == ["skills.context", "skills.instruct", "judge.instruction", "skills.respond", "judge.pair"]
    nobody = await refused(garden.stub.Trace(pb.TraceRequest(candidate="f" * 32), timeout=9))
    assert nobody.code() == grpc.StatusCode.NOT_FOUND


async def test_a_dataset_is_its_parts(garden):
    run = await garden.make(knowledge_leaf(), skill_leaf(), target=5)
    dataset = await garden.stub.GetDataset(pb.GetDatasetRequest(run=run.name), timeout=9)
    assert not dataset.partial
    assert [part.path for part in dataset.parts] == ["compositional_skills/verse", "knowledge/birds"]
    assert dataset.plan.run == run.name
    for row in dataset.parts:
        call = garden.stub.ReadPart(pb.ReadPartRequest(run=run.name, part=row.part), timeout=9)
        part = Part.FromString(b"".join([piece.data async for piece in call]))
        assert part.path == row.path
        order = [(candidate.draw, candidate.id) for candidate in part.candidates]
        assert order == sorted(order)
        assert sum(candidate.end == "accepted" for candidate in part.candidates) == 5


async def test_a_short_leaf_says_why(garden):
    run = await garden.make(knowledge_leaf(documents=("empty.txt",)), target=5)
    assert run.state == RunState.RUN_STATE_SHORT
    assert run.leaves[0].reason.startswith("no document gave a chunk: document empty.txt yields no chunk")


async def test_what_of_the_documents_was_not_read_stays_with_the_leaf(garden):
    run = await garden.make(knowledge_leaf(documents=("a.txt", "scan.pdf")), target=5)
    assert run.state == RunState.RUN_STATE_SUCCEEDED
    assert list(run.leaves[0].notes) == ["scan.pdf: page 2 is a picture"]
