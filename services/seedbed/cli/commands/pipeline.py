"""`seedbed run`: from a taxonomy to a tuned student and the report on it, one stage after the other.

Each stage finds what an earlier invocation has done of it, so all of it goes on where it was.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seedbed.cli.commands import evaluate, generate, train
from seedbed.cli.commands.report import ReportRequest, check_place, report
from seedbed.cli.reach.connect import reach_runs, reach_store
from seedbed.cli.reach.student_folder import check_place as check_student
from seedbed.cli.render.failure import DONE, INTERRUPTED, SHORT
from seedbed.cli.render.screen import Screen
from seedbed.kernel.errors import InputError

DATASET, STUDENT, REPORT = "dataset", "student", "report.html"


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineArguments:
    """The arguments of `seedbed run`. `generation` says from what, by whom and how much; `out`, where to."""

    generation: generate.GenerateArguments
    student: str
    training_recipe: str
    out: Path
    rows: tuple[Path, ...] = ()
    questions: int = 0
    gate: Path | None = None


class CapturingScreen(Screen):
    """A stage's screen: people see it as ever, and what is for machines is kept for the end."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(machine=screen.machine)
        self.machine = True
        self.captured: dict[str, Any] = {}

    def emit(self, value: Any) -> None:
        """Keep the object that a stage would print."""
        self.captured = value


class PipelineCommand:
    """One invocation, and how far it came: reported also when it ends before its time."""

    def __init__(self, order: PipelineArguments, screen: Screen) -> None:
        folder = order.out.expanduser()
        self._order = replace(order, generation=replace(order.generation, out=folder / DATASET))
        self._folder = folder
        self._screen = screen
        self._stage = ""
        self._found: dict[str, Any] = {}

    def report_failure(self, code: int, message: str) -> None:
        """Say how it stands after an end before its time."""
        if code == INTERRUPTED:
            self._screen.fail("interrupted; the same command goes on where it was")
        if self._screen.machine:
            self._screen.emit({**self._found, "stage": self._stage, "error": message})

    async def run(self) -> int:
        """Generate, train, evaluate, report. Returns the exit status of the first that is not content."""
        self._prepare()
        made = await self._do("generate", self._generate)
        if made not in (DONE, SHORT):
            return self._end(made)
        trained = await self._do("train", self._train)
        if trained != DONE:
            return self._end(trained)
        weighed = await self._do("evaluate", self._evaluate)
        reported = await self._do("report", self._report)
        return self._end(next((code for code in (weighed, reported, made) if code != DONE), DONE))

    def _prepare(self) -> None:
        """Find out what can be before hours are spent. Raises InputError."""
        if not self._order.student:
            raise InputError(
                "no student is named",
                hint="--student NAME for a model on the hub, a folder, or `scratch` for one made here",
            )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"nothing can be written to {self._folder}: {error.strerror or error}",
                hint="name another folder with --out",
            ) from error
        check_student(self._folder / STUDENT)
        check_place(self._folder / REPORT)

    async def _do(self, stage: str, work: Callable[[CapturingScreen], Awaitable[int]]) -> int:
        self._stage = stage
        self._screen.say(f"── {stage}", "bold")
        screen = CapturingScreen(self._screen)
        try:
            return await work(screen)
        finally:
            self._found[stage] = screen.captured

    async def _generate(self, screen: CapturingScreen) -> int:
        return await generate.GenerateCommand(self._order.generation, screen).run()

    async def _train(self, screen: CapturingScreen) -> int:
        order = train.TrainArguments(
            dataset=str(self._folder / DATASET),
            model=self._order.student,
            recipe=self._order.training_recipe,
            state=self._order.generation.state,
            out=self._folder / STUDENT,
            rows=self._order.rows,
        )
        return await train.TrainCommand(order, screen).run()

    async def _evaluate(self, screen: CapturingScreen) -> int:
        generation = self._order.generation
        order = evaluate.EvaluateArguments(
            subject=self._found["train"]["training"],
            state=generation.state,
            wanted=generation.wanted,
            questions=self._order.questions,
            gate=self._order.gate,
            pace=generation.pace,
        )
        return await evaluate.EvaluateCommand(order, screen).run()

    async def _report(self, screen: CapturingScreen) -> int:
        run, training = self._found["generate"]["run"], self._found["train"]["training"]
        request = ReportRequest(run, self._folder / REPORT, training)
        state = self._order.generation.state
        async with reach_runs("", state, screen.warn) as runs:
            return await report(runs, await reach_store("", state), request, screen)

    def _end(self, code: int) -> int:
        if self._screen.machine:
            self._screen.emit(self._found)
        return code
