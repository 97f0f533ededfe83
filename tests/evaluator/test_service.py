import asyncio
import json

import grpc
import pytest

from seedbed.evaluator.v1 import evaluator_service_pb2 as pb
from seedbed.evaluator.v1.evaluation_pb2 import EvaluationState, Measure, Subject
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointRef
from tests.evaluator.school import NOTES, SEEDS, TRAINING

# Three students of two thousand weights are trained, and an examiner is started for them.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


async def evaluate(stub, request):
    operation = await stub.Evaluate(request, timeout=30)
    metadata = pb.EvaluationMetadata()
    operation.metadata.Unpack(metadata)
    watched = stub.WatchEvaluation(pb.WatchEvaluationRequest(evaluation=metadata.evaluation))
    return [answer.evaluation async for answer in watched]


def rows_of(evaluation, **wanted):
    return [
        row
        for row in evaluation.comparisons
        if all(getattr(row, name) == value for name, value in wanted.items())
    ]


def check_gate(judged, least, asked):
    """One of the two alone gained so much on every leaf; which, is for such small models to say."""
    worse, better = sorted(least, key=least.__getitem__)
    passed = {decision.checkpoint: decision.passed for decision in judged.decisions}
    assert passed == {better: True, worse: False}
    (reasons,) = (decision.reasons for decision in judged.decisions if not decision.passed)
    assert f"less than {asked:+g}" in reasons[0]
    assert judged.best == better


async def test_an_evaluation_says_what_each_leaf_gained_and_what_was_forgotten(serve, request_of_school):
    async with serve() as stub:
        *_, done = await evaluate(stub, request_of_school)
        files = {
            answer.name: answer.data
            async for answer in stub.ReadEvaluation(pb.ReadEvaluationRequest(evaluation=done.name))
        }
        learned = rows_of(done, subject=Subject.SUBJECT_GAIN, measure=Measure.MEASURE_LIKELIHOOD)
        least = {
            name: min(row.difference for row in learned if row.after == name)
            for name in ("2-seeds", "3-notes")
        }
        asked = sum(least.values()) / len(least)
        judged = await stub.CheckGate(
            pb.CheckGateRequest(evaluation=done.name, gate=f"likelihood: {{least_gain: {asked}}}")
        )
    assert done.state == EvaluationState.EVALUATION_STATE_SUCCEEDED
    assert [exam.leaf for exam in done.exams] == [NOTES, SEEDS, "general"]
    notes, seeds, general = done.exams
    assert (seeds.questions, seeds.shortfall) == (6, "")
    assert notes.questions == 3
    assert "3 of 6 questions" in notes.shortfall
    assert "dataset's own teacher, granite-4" in notes.shortfall
    assert general.questions == 36
    (gain,) = rows_of(done, leaf=SEEDS, measure=Measure.MEASURE_LIKELIHOOD, after="2-seeds")
    assert gain.subject == Subject.SUBJECT_GAIN
    assert gain.low > 0
    assert gain.before == "base"
    (choice,) = rows_of(done, leaf=SEEDS, measure=Measure.MEASURE_CHOICE, after="2-seeds")
    assert choice.chance == 0.25
    assert choice.after_low <= choice.after_mean <= choice.after_high
    (rated,) = rows_of(done, leaf=NOTES, measure=Measure.MEASURE_RATING, after="3-notes")
    assert 1 <= rated.before_mean <= 10
    assert rated.unparsed == 0
    forgotten = rows_of(done, subject=Subject.SUBJECT_FORGETTING, leaf=SEEDS)
    assert {(row.before, row.after) for row in forgotten} == {("2-seeds", "3-notes")}
    assert {row.leaf for row in rows_of(done, subject=Subject.SUBJECT_FORGETTING, before="base")} == {
        "general"
    }
    assert done.loads == 1
    check_gate(judged, least, asked)
    assert "tasks" in {name.partition("/")[0] for name in files}
    scores = [json.loads(line) for line in files["scores.jsonl"].splitlines()]
    assert {row["checkpoint"] for row in scores} == {"base", "2-seeds", "3-notes"}


async def test_a_second_evaluation_pays_nothing_and_one_with_more_pays_for_that(
    serve, request_of_school, rehearsal
):
    async with serve() as stub:
        *_, first = await evaluate(stub, request_of_school)
        paid = rehearsal.count
        assert paid == first.usage.requests
        (again,) = await evaluate(stub, request_of_school)
        assert again == first
        assert rehearsal.count == paid
        other = pb.EvaluateRequest()
        other.CopyFrom(request_of_school)
        del other.checkpoints[1]
        *_, fewer = await evaluate(stub, other)
        listed = await stub.ListEvaluations(pb.ListEvaluationsRequest(training=TRAINING))
    assert rehearsal.count == paid
    assert fewer.usage.requests == 0
    assert fewer.recalled > 0
    assert {one.name for one in listed.evaluations} == {first.name, fewer.name}


async def test_what_cannot_be_evaluated_fails_with_its_reason(serve, request_of_school):
    stranger = pb.EvaluateRequest()
    stranger.CopyFrom(request_of_school)
    stranger.checkpoints[0].CopyFrom(request_of_school.base.checkpoint)
    async with serve() as stub:
        *_, failed = await evaluate(stub, stranger)
        assert failed.state == EvaluationState.EVALUATION_STATE_FAILED
        assert "was trained on" in failed.reason or "has learned the dataset" in failed.reason
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Evaluate(pb.EvaluateRequest(checkpoints=[CheckpointRef()]))
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_an_evaluation_that_was_broken_off_goes_on_where_it_was(serve, request_of_school, rehearsal):
    async with serve() as stub:
        operation = await stub.Evaluate(request_of_school, timeout=30)
        name = operation.name.removeprefix("operations/")
        async for answer in stub.WatchEvaluation(pb.WatchEvaluationRequest(evaluation=name)):
            if answer.evaluation.doing == "examining 2-seeds":
                break
    paid = rehearsal.count
    async with serve() as stub:
        *_, last = await evaluate(stub, request_of_school)
    assert last.state == EvaluationState.EVALUATION_STATE_SUCCEEDED
    assert last.recalled >= paid


async def test_a_cancelled_evaluation_stops_and_can_be_asked_for_again(serve, request_of_school):
    async with serve() as stub:
        operation = await stub.Evaluate(request_of_school, timeout=30)
        name = operation.name.removeprefix("operations/")
        await asyncio.sleep(0.2)
        results = await stub.CancelEvaluation(pb.CancelEvaluationRequest(evaluation=name))
        assert results.state == EvaluationState.EVALUATION_STATE_CANCELLED
        # Until whoever was at it has seen so.
        await asyncio.sleep(2)
        *_, done = await evaluate(stub, request_of_school)
    assert done.state == EvaluationState.EVALUATION_STATE_SUCCEEDED


async def test_a_desk_takes_an_evaluation_and_an_errand_brings_it_to_its_end(
    serve, settings, request_of_school, rehearsal
):
    stranger = pb.EvaluateRequest()
    stranger.CopyFrom(request_of_school)
    # One that fails late: so that no student need be examined.
    stranger.checkpoints[0].CopyFrom(request_of_school.base.checkpoint)
    async with serve("desk") as stub:
        operation = await stub.Evaluate(stranger, timeout=30)
        name = operation.name.removeprefix("operations/")
        # It asks no model, and so has no part of its calls.
        assert rehearsal.count == 0
        async with serve("errand"):
            watched = stub.WatchEvaluation(pb.WatchEvaluationRequest(evaluation=name))
            *_, last = [answer.evaluation async for answer in watched]
    assert last.state == EvaluationState.EVALUATION_STATE_FAILED
    assert rehearsal.count > 0
