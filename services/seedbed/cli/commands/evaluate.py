"""`seedbed evaluate`: what a training gained and what it forgot, on a stack of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from google.protobuf import json_format

from seedbed.cli.reach.connect import local_access, open_runs
from seedbed.cli.reach.endpoints import REHEARSAL_NOTICE, Wanted, choose_endpoints
from seedbed.cli.reach.evaluators import Evaluator, open_evaluator
from seedbed.cli.reach.find_training import FoundTraining, look_up_training
from seedbed.cli.reach.trainers import open_trainer
from seedbed.cli.render.evaluation_tables import BenchmarkTable, ForgettingTable, GainTable, notes
from seedbed.cli.render.failure import DONE, FAILED, INTERRUPTED, NOT_PASSED
from seedbed.cli.render.screen import Screen
from seedbed.cli.stack.programs import TUNING, address
from seedbed.cli.stack.startup import Pace, bring_up
from seedbed.cli.stack.state import StateFolder
from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, EvaluationState
from seedbed.evaluator.v1.evaluator_service_pb2 import (
    CheckGateRequest,
    CheckGateResponse,
    EvaluateRequest,
    EvaluationMetadata,
    ReadEvaluationRequest,
    WatchEvaluationRequest,
)
from seedbed.kernel.errors import InputError, SeedbedError
from seedbed.kernel.settings import load_settings
from seedbed.trainer.v1.checkpoint_pb2 import Base

_TIMEOUT = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateArguments:
    """The arguments of `seedbed evaluate`."""

    subject: str
    """A run or a training."""
    state: Path
    wanted: Wanted
    checkpoints: tuple[str, ...] = ()
    """Phases; all where none is named."""
    base: str = ""
    questions: int = 0
    gate: Path | None = None
    general: Path | None = None
    benchmarks: Path | None = None
    out: Path | None = None
    pace: Pace = field(default_factory=Pace)


class EvaluateCommand:
    """One invocation, and how far it came: reported also when it ends before its time."""

    def __init__(self, order: EvaluateArguments, screen: Screen) -> None:
        self._order = order
        self._screen = screen
        self._evaluation = Evaluation()
        self._was_there = False

    def report_failure(self, code: int, message: str) -> None:
        """Say how it stands after an end before its time."""
        if code == INTERRUPTED:
            self._screen.fail("interrupted; the same command goes on where it was")
        if self._screen.machine:
            self._screen.emit({**as_object(self._evaluation), "error": message})

    async def run(self) -> int:
        """Bring up a stack, evaluate, show what came of it. Returns the exit status."""
        gate = _read(self._order.gate, "gate")
        general = _read(self._order.general, "general set")
        if self._order.benchmarks and not self._order.benchmarks.expanduser().is_dir():
            raise InputError(
                f"the benchmarks' folder {self._order.benchmarks} is not there",
                hint="it has a folder for each benchmark: mmlu, arc, hellaswag, winogrande, gsm8k",
            )
        async with self._open() as ports:
            access = local_access(StateFolder(self._order.state))
            async with (
                open_runs(address(ports["runs"]), access) as runs,
                open_trainer(address(ports["trainer"]), access) as trainer,
            ):
                subject = await look_up_training(self._order.subject, runs, trainer, self._order.state)
            async with open_evaluator(address(ports["evaluator"]), access) as evaluator:
                await self._evaluate(evaluator, self._make_request(subject, general))
                judged = await self._judge(evaluator, gate.decode()) if gate else None
                if self._order.out and self._succeeded:
                    await write_files(evaluator, self._evaluation.name, self._order.out)
                    self._screen.say(f"questions, tasks and scores in {self._order.out}")
        return self._report(judged)

    @property
    def _succeeded(self) -> bool:
        return self._evaluation.state == EvaluationState.EVALUATION_STATE_SUCCEEDED

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[dict[str, int]]:
        """The stack of the state folder where it is up, else one of our own."""
        order, screen = self._order, self._screen
        state = StateFolder(order.state)
        ports = state.live_ports() if state.exists else {}
        if {"runs", *TUNING} <= ports.keys():
            yield ports
            return
        settings = load_settings()
        endpoints = choose_endpoints(order.wanted, settings)
        if endpoints.rehearsed:
            screen.warn(REHEARSAL_NOTICE)
        with state.hold("evaluate") as ended:
            if ended:
                screen.say(f"ended what a dead supervisor had left behind: {', '.join(ended)}")
            starting = bring_up(state, endpoints, settings, order.pace, screen, dormant=True, more=TUNING)
            async with starting as (stack, ports):
                await stack.ready()
                yield ports

    def _make_request(self, subject: FoundTraining, general: bytes) -> EvaluateRequest:
        training, order = subject.training, self._order
        phases = [phase for phase in training.phases if phase.HasField("checkpoint")]
        # A student from scratch begins with the phase that makes its base.
        phases = [phase for phase in phases if phase.checkpoint.digest != training.base.checkpoint.digest]
        if order.checkpoints:
            unknown = sorted(set(order.checkpoints) - {phase.name for phase in phases})
            if unknown:
                known = ", ".join(phase.name for phase in phases) or "none"
                raise InputError(
                    f"{training.name} has no checkpoint of {', '.join(unknown)}; there are: {known}"
                )
            phases = [phase for phase in phases if phase.name in order.checkpoints]
        if not phases:
            raise InputError(
                f"training {training.name} has no checkpoint yet", hint="`seedbed train` goes on with it"
            )
        return EvaluateRequest(
            dataset=training.dataset,
            base=Base(name=order.base) if order.base else training.base,
            checkpoints=[phase.checkpoint for phase in phases],
            questions=order.questions,
            general=general,
            benchmarks=str(order.benchmarks.expanduser().absolute()) if order.benchmarks else "",
            request_id=str(uuid4()),
        )

    async def _evaluate(self, evaluator: Evaluator, request: EvaluateRequest) -> None:
        operation = await evaluator.stub.Evaluate(request, timeout=_TIMEOUT)
        metadata = EvaluationMetadata()
        if not operation.metadata.Unpack(metadata):
            raise SeedbedError("the evaluator did not say which evaluation it is")
        self._was_there = operation.done
        self._evaluation = Evaluation(name=metadata.evaluation)
        self._screen.say(f"evaluation {metadata.evaluation} of {request.checkpoints[0].training}")
        doing = ""
        wanted = WatchEvaluationRequest(evaluation=metadata.evaluation)
        async for answer in evaluator.stub.WatchEvaluation(wanted):
            self._evaluation = answer.evaluation
            if answer.evaluation.doing != doing and answer.evaluation.doing:
                doing = answer.evaluation.doing
                self._screen.say(f"{doing} ({answer.evaluation.progress:.0%})")

    async def _judge(self, evaluator: Evaluator, gate: str) -> CheckGateResponse | None:
        if not self._succeeded:
            return None
        request = CheckGateRequest(evaluation=self._evaluation.name, gate=gate)
        return await evaluator.stub.CheckGate(request, timeout=_TIMEOUT)

    def _report(self, judged: CheckGateResponse | None) -> int:
        screen, evaluation = self._screen, self._evaluation
        if self._succeeded:
            screen.show(GainTable(evaluation))
            screen.show(ForgettingTable(evaluation))
            if any(row.HasField("score") for row in evaluation.benchmarks):
                screen.show(BenchmarkTable(evaluation))
            for note in notes(evaluation):
                screen.warn(note)
            screen.say(describe_calls(evaluation, was_there=self._was_there))
        else:
            screen.fail(evaluation.reason or "cancelled")
        if screen.machine:
            calls = 0 if self._was_there else evaluation.usage.requests
            screen.emit({**as_object(evaluation, judged), "calls": calls})
        return self._report_gate(judged) if self._succeeded else FAILED

    def _report_gate(self, judged: CheckGateResponse | None) -> int:
        if judged is None:
            return DONE
        for decision in judged.decisions:
            self._screen.say(
                f"gate: {decision.checkpoint} {'passes' if decision.passed else 'does not pass'}"
            )
            for reason in decision.reasons:
                self._screen.say(f"  {reason}")
        if judged.best:
            self._screen.say(f"best by the gate's first measure: {judged.best}")
        return DONE if judged.decisions[-1].passed else NOT_PASSED


def describe_calls(evaluation: Evaluation, *, was_there: bool) -> str:
    """What this command was answered; of an evaluation that was there, what it took then."""
    taken = f"{evaluation.usage.requests} calls, {evaluation.recalled} recalled"
    return f"0 calls: the evaluation was there, and took {taken}" if was_there else taken


def as_object(evaluation: Evaluation, judged: CheckGateResponse | None = None) -> dict[str, Any]:
    """What `--json` prints: the evaluation's fields as in its proto, and the gate's answer under `gate`."""
    found: dict[str, Any] = json_format.MessageToDict(evaluation, preserving_proto_field_name=True)
    if judged is not None:
        found["gate"] = json_format.MessageToDict(
            judged, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
    return found


async def write_files(evaluator: Evaluator, name: str, out: Path) -> None:
    """Write an evaluation's files to a folder: questions as lm-eval tasks, and every score."""
    folder = out.expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = ReadEvaluationRequest(evaluation=name)
    begun: set[Path] = set()
    async for answer in evaluator.stub.ReadEvaluation(wanted):
        path = folder / answer.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab" if path in begun else "wb") as file:
            file.write(answer.data)
        begun.add(path)


def _read(path: Path | None, what: str) -> bytes:
    if path is None:
        return b""
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise InputError(f"the {what} {path} cannot be read: {error.strerror or error}") from error
