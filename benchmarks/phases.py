"""LAB's phases with replay, without it, all at once, and a control: the same data and student, side by side.

    python benchmarks/phases.py [--target 30] [--questions 40] [--seeds 42,43,44] [--keep DIR]

Each recipe is the shipped `small` one, changed in what its name says and in nothing else. A seed makes the
student's first weights, its first phase, and the order of all later ones. What is printed is what was
measured: held-out scores at the end, what was forgotten since it was taught, and the tokens it took; means
over seeds, and the least and the most of them. With `--keep` the same command goes on where it was.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

SEEDBED = Path(sys.executable).with_name("seedbed")
TAXONOMY = Path(__file__).resolve().parents[1] / "taxonomy"
SCRATCH = "scratch"


Pick = Callable[["Outcome"], float | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one recipe with one seed."""

    recipe: str
    seed: int
    tokens: int
    comparisons: Sequence[Mapping[str, Any]]

    def score(self, measure: str, kind: str, when: str = "after_mean") -> float | None:
        """Mean over the leaves of a kind, at the last checkpoint; `before_mean` is the base's."""
        rows = [
            row
            for row in self._rows("SUBJECT_GAIN", measure)
            if (row["kind"] == "knowledge") == (kind == "knowledge")
        ]
        last = {row["leaf"]: row.get(when, 0.0) for row in rows}
        return fmean(last.values()) if last else None

    def forgotten(self, measure: str) -> float | None:
        """How a leaf changed since the phase that taught it, at the last checkpoint: mean over leaves."""
        rows = [row for row in self._rows("SUBJECT_FORGETTING", measure) if row["leaf"] != "general"]
        last = {row["leaf"]: row.get("difference", 0.0) for row in rows}
        return fmean(last.values()) if last else None

    def general(self, measure: str) -> float | None:
        """How the general set changed from the base to the last checkpoint."""
        rows = [row for row in self._rows("SUBJECT_FORGETTING", measure) if row["leaf"] == "general"]
        return float(rows[-1].get("difference", 0.0)) if rows else None

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
        # Replay shows rows more often, so that all at once is to be seen with more of them, too.
        "stacked, twice as long": {**small, "phases": [{**stacked, "epochs": 2 * stacked["epochs"]}]},
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
    out = ("--target", str(target), "--out", str(work / "dataset"))
    made = run(state, "generate", str(TAXONOMY), "--teacher", "rehearsal", *out)
    outcomes = []
    for seed in seeds:
        for name, recipe in make_recipes(seed).items():
            path = work / f"{name.replace(',', '').replace(' ', '-')}-{seed}.yaml"
            path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
            began = time.monotonic()
            student = ("--model", SCRATCH, "--training-recipe", str(path), "--out", str(work / path.stem))
            training = run(state, "train", made["run"], *student)
            asked = ("--teacher", "rehearsal", "--questions", str(questions))
            evaluation = run(state, "evaluate", training["training"], *asked)
            # The base is the same for all, and so no part of what a recipe costs.
            tokens = sum(int(phase["tokens"]) for phase in training["phases"] if phase["name"] != "base")
            outcomes.append(Outcome(name, seed, tokens, evaluation["comparisons"]))
            print(f"seed {seed}, {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return outcomes


COLUMNS: dict[str, Pick] = {
    "knowledge: choice": lambda one: one.score("choice", "knowledge"),
    "likelihood": lambda one: one.score("likelihood", "knowledge"),
    "skills: likelihood": lambda one: one.score("likelihood", "skill"),
    "rating": lambda one: one.score("rating", "skill"),
    "forgotten: choice": lambda one: one.forgotten("choice"),
    "likelihood since": lambda one: one.forgotten("likelihood"),
    "general: choice": lambda one: one.general("choice"),
    "likelihood there": lambda one: one.general("likelihood"),
}
BASES: dict[str, Pick] = {
    "knowledge: choice": lambda one: one.score("choice", "knowledge", "before_mean"),
    "likelihood": lambda one: one.score("likelihood", "knowledge", "before_mean"),
    "skills: likelihood": lambda one: one.score("likelihood", "skill", "before_mean"),
    "rating": lambda one: one.score("rating", "skill", "before_mean"),
}
_CHANGES = ("forgotten", "likelihood since", "general", "likelihood there")


def describe(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Two tables in Markdown: each recipe, and each beside the first with the same seed."""
    recipes: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        recipes.setdefault(outcome.recipe, []).append(outcome)
    first = next(iter(recipes))
    yield "| recipe | tokens | " + " | ".join(COLUMNS) + " |"
    yield "|" + "---|" * (len(COLUMNS) + 2)
    yield f"| base | | {' | '.join(_cell(recipes[first], BASES.get(name)) for name in COLUMNS)} |"
    for name, found in recipes.items():
        cells = [_cell(found, pick, signed=column.startswith(_CHANGES)) for column, pick in COLUMNS.items()]
        yield f"| {name} | {fmean(one.tokens for one in found):,.0f} | {' | '.join(cells)} |"
    yield ""
    yield f"| beside {first} | " + " | ".join(COLUMNS) + " |"
    yield "|" + "---|" * (len(COLUMNS) + 1)
    for name, found in list(recipes.items())[1:]:
        cells = [_difference(recipes[first], found, pick) for pick in COLUMNS.values()]
        yield f"| {name} | {' | '.join(cells)} |"


def _cell(found: Sequence[Outcome], pick: Pick | None, *, signed: bool = False) -> str:
    values = [value for one in found if pick and (value := pick(one)) is not None]
    return _spread(values, "+.2f" if signed else ".2f")


def _difference(before: Sequence[Outcome], after: Sequence[Outcome], pick: Pick) -> str:
    """Paired by seed: what the student's first weights do to a score is in both."""
    theirs = {one.seed: pick(one) for one in before}
    pairs = [(theirs[one.seed], pick(one)) for one in after]
    return _spread([now - then for then, now in pairs if then is not None and now is not None], "+.2f")


def _spread(values: Sequence[float], form: str) -> str:
    """The mean; over several seeds the least and the most as well."""
    if not values:
        return "–"
    middle = format(fmean(values), form)
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}} to {max(values):{form}})"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", type=int, default=30, help="samples a leaf")
    parser.add_argument("--questions", type=int, default=40, help="held-out questions a leaf")
    parser.add_argument("--seeds", default="42,43,44", help="parted by commas")
    parser.add_argument("--keep", type=Path, help="a folder to work in and to leave")
    asked = parser.parse_args()
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    with tempfile.TemporaryDirectory(prefix="seedbed-phases-") as place:
        work = asked.keep or Path(place)
        work.mkdir(parents=True, exist_ok=True)
        print(*describe(measure(work, asked.target, asked.questions, seeds)), sep="\n")


if __name__ == "__main__":
    main()
