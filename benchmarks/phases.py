"""LAB's phases with replay, without it, all at once, and a control: the same data and student, side by side.

    python benchmarks/phases.py [--target 30] [--questions 40] [--seeds 42,43] [--keep DIR]

Each recipe is the shipped `small` one, changed in what its name says and in nothing else. What is printed is
what was measured: held-out scores at the end, what was forgotten since it was taught, and the tokens it took.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

SEEDBED = Path(sys.executable).with_name("seedbed")
TAXONOMY = Path(__file__).resolve().parents[1] / "taxonomy"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one recipe with one seed."""

    recipe: str
    seed: int
    tokens: int
    seconds: float
    comparisons: Sequence[Mapping[str, Any]]

    def gains(self, measure: str, kind: str) -> list[Mapping[str, Any]]:
        """Each leaf's at the last checkpoint."""
        rows = [
            row
            for row in self._rows("SUBJECT_GAIN", measure)
            if (row["kind"] == "knowledge") == (kind == "knowledge")
        ]
        last = {row["leaf"]: row for row in rows}
        return list(last.values())

    def forgotten(self, measure: str) -> list[float]:
        """How much each leaf changed since the phase that taught it, at the last checkpoint."""
        rows = [row for row in self._rows("SUBJECT_FORGETTING", measure) if row["leaf"] != "general"]
        return [row.get("difference", 0.0) for row in {row["leaf"]: row for row in rows}.values()]

    def general(self, measure: str) -> float:
        """How the general set changed from the base to the last checkpoint."""
        rows = [row for row in self._rows("SUBJECT_FORGETTING", measure) if row["leaf"] == "general"]
        return float(rows[-1].get("difference", 0.0))

    def _rows(self, subject: str, measure: str) -> Iterator[Mapping[str, Any]]:
        wanted = (subject, f"MEASURE_{measure.upper()}")
        return (row for row in self.comparisons if (row.get("subject"), row.get("measure")) == wanted)


def make_recipes(seed: int) -> dict[str, dict[str, Any]]:
    """The recipes, out of the shipped small one."""
    text = files("seedbed.trainer").joinpath("recipes", "small.yaml").read_text("utf-8")
    small: dict[str, Any] = {**yaml.safe_load(text), "seed": seed}
    phases = small["phases"]
    bare = [{name: value for name, value in phase.items() if name != "replay"} for phase in phases]
    stacked = {**bare[-1], "name": "all", "data": [part for phase in phases for part in phase["data"]]}
    return {
        "lab": small,
        "lab without replay": {**small, "phases": bare},
        "stacked": {**small, "phases": [stacked]},
        # A control: tuned on other leaves, so that its knowledge is what tuning as such comes to.
        "skills alone": {**small, "phases": [bare[-1]]},
    }


def run(state: Path, *arguments: str) -> dict[str, Any]:
    """One command of ours; its last line as an object."""
    ended = subprocess.run(
        [SEEDBED, *arguments, "--state", str(state), "--json"], stdout=subprocess.PIPE, check=False, text=True
    )
    if ended.returncode:
        sys.exit(f"seedbed {arguments[0]} ended with {ended.returncode}")
    found: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return found


def measure(work: Path, target: int, questions: int, seeds: Sequence[int]) -> list[Outcome]:
    """Generate once, then train and evaluate every recipe with every seed."""
    state = work / "state"
    made = run(
        state,
        "generate",
        str(TAXONOMY),
        "--teacher",
        "rehearsal",
        "--target",
        str(target),
        "--out",
        str(work / "dataset"),
    )
    outcomes = []
    for seed in seeds:
        for name, recipe in make_recipes(seed).items():
            path = work / f"{name.replace(' ', '-')}-{seed}.yaml"
            path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
            training = run(
                state,
                *("train", made["run"], "--model", "scratch", "--training-recipe", str(path)),
                *("--out", str(work / path.stem)),
            )
            evaluation = run(
                state,
                *("evaluate", training["training"], "--teacher", "rehearsal", "--questions", str(questions)),
            )
            # The base is the same for all, and so no part of what a recipe costs.
            phases = [phase for phase in training["phases"] if phase["name"] != "base"]
            tokens = sum(int(phase["tokens"]) for phase in phases)
            seconds = sum(phase["seconds"] for phase in phases)
            outcomes.append(Outcome(name, seed, tokens, seconds, evaluation["comparisons"]))
            print(*describe(outcomes[-1:]), sep="\n", file=sys.stderr)
    return outcomes


def describe(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The table, in Markdown: means over leaves and seeds."""
    yield "| recipe | tokens | " + " | ".join(COLUMNS) + " |"
    yield "|" + "---|" * (len(COLUMNS) + 2)
    for name in dict.fromkeys(outcome.recipe for outcome in outcomes):
        of_name = [outcome for outcome in outcomes if outcome.recipe == name]
        tokens = fmean(outcome.tokens for outcome in of_name)
        yield f"| {name} | {tokens:,.0f} | " + " | ".join(cell(of_name) for cell in COLUMNS.values()) + " |"


def _score(outcomes: Sequence[Outcome], measure: str, kind: str) -> str:
    rows = [row for outcome in outcomes for row in outcome.gains(measure, kind)]
    if not rows:
        return "–"
    before, after = (fmean(row.get(name, 0.0) for row in rows) for name in ("before_mean", "after_mean"))
    return f"{before:.2f} → {after:.2f}"


def _forgotten(outcomes: Sequence[Outcome], measure: str) -> str:
    return _change([change for outcome in outcomes for change in outcome.forgotten(measure)])


def _general(outcomes: Sequence[Outcome], measure: str) -> str:
    return _change([outcome.general(measure) for outcome in outcomes])


def _change(changes: Sequence[float]) -> str:
    return f"{fmean(changes):+.2f}" if changes else "–"


COLUMNS = {
    "knowledge: choice": partial(_score, measure="choice", kind="knowledge"),
    "knowledge: likelihood": partial(_score, measure="likelihood", kind="knowledge"),
    "skills: likelihood": partial(_score, measure="likelihood", kind="skill"),
    "skills: rating": partial(_score, measure="rating", kind="skill"),
    "forgotten: choice": partial(_forgotten, measure="choice"),
    "forgotten: likelihood": partial(_forgotten, measure="likelihood"),
    "general: choice": partial(_general, measure="choice"),
    "general: likelihood": partial(_general, measure="likelihood"),
}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", type=int, default=30, help="samples a leaf")
    parser.add_argument("--questions", type=int, default=40, help="held-out questions a leaf")
    parser.add_argument("--seeds", default="42", help="of the recipes, parted by commas")
    parser.add_argument("--keep", type=Path, help="a folder to work in and to leave")
    asked = parser.parse_args()
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    with tempfile.TemporaryDirectory(prefix="seedbed-phases-") as place:
        work = asked.keep or Path(place)
        work.mkdir(parents=True, exist_ok=True)
        print(*describe(measure(work, asked.target, asked.questions, seeds)), sep="\n")


if __name__ == "__main__":
    main()
