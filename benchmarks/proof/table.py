"""The table over all units there are: each recipe's gain on the base, with intervals clustered by passage.

    python -m benchmarks.proof.table [FOLDER]

Units that differ in data, passages, tokens, teacher or student are never in one table. A question's gain is
the mean over seeds; passages are drawn again with replacement, as questions of one stand or fall together.
"""

import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.proof.conditions import BASE, CONDITIONS
from benchmarks.proof.unit import RESULTS

Unit = Mapping[str, Any]
MEASURES = ("exact", "f1", "holds", "likelihood")
_RESAMPLES = 2000


def read_units(folder: Path) -> list[Unit]:
    """All figures in a folder."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def group(units: Iterable[Unit]) -> dict[str, tuple[Unit, list[Unit]]]:
    """The comparable units, each group with its base, by what they have in common."""
    bases = {_exam(unit): unit for unit in units if unit["recipe"] == BASE}
    found: dict[str, tuple[Unit, list[Unit]]] = {}
    for unit in units:
        base = bases.get(_exam(unit))
        if base is None or unit["recipe"] == BASE:
            continue
        key = json.dumps([_exam(unit), unit["tokens"], unit["teacher"], unit["generation"]])
        found.setdefault(key, (base, []))[1].append(unit)
    return found


def describe(base: Unit, units: Sequence[Unit]) -> Iterator[str]:
    """One table in Markdown."""
    first = units[0]
    questions, passages = len(base["questions"]), len(base["passages"])
    yield f"{questions} questions on {passages} passages, {first['tokens']:,} tokens learnt, "
    yield f"student {first['student']['name']}, taught by `{first['teacher']}`\n"
    yield "| recipe | seeds | tokens seen | minutes | " + " | ".join(MEASURES) + " |"
    yield "|" + "---|" * (len(MEASURES) + 4)
    cells = [f"{fmean(one[measure] for one in base['questions']):.3f}" for measure in MEASURES]
    yield f"| {BASE} | | | | {' | '.join(cells)} |"
    by_recipe: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        by_recipe[_name(unit)].append(unit)
    order = [*CONDITIONS]
    for name, found in sorted(by_recipe.items(), key=lambda one: order.index(one[1][0]["recipe"])):
        seen = fmean(sum(int(phase["tokens"] or 0) for phase in unit["phases"]) for unit in found)
        minutes = fmean(unit["train_seconds"] + unit["exam_seconds"] for unit in found) / 60
        cells = [_cell(base, found, measure) for measure in MEASURES]
        yield f"| {name} | {len(found)} | {seen:,.0f} | {minutes:.0f} | {' | '.join(cells)} |"


def gain(base: Unit, units: Sequence[Unit], measure: str) -> tuple[float, float, float]:
    """The mean gain over questions, and the interval of 95 % by resampling passages."""
    before = {one["question"]: one[measure] for one in base["questions"]}
    after: dict[str, list[float]] = defaultdict(list)
    passage_of = {}
    for unit in units:
        for one in unit["questions"]:
            after[one["question"]].append(one[measure])
            passage_of[one["question"]] = one["passage"]
    clusters: dict[str, list[float]] = defaultdict(list)
    for question, values in after.items():
        clusters[passage_of[question]].append(fmean(values) - before[question])
    return (_mean(list(clusters.values())), *_interval(list(clusters.values())))


def _interval(clusters: Sequence[Sequence[float]]) -> tuple[float, float]:
    draw = random.Random(0)
    means = sorted(_mean(draw.choices(clusters, k=len(clusters))) for _ in range(_RESAMPLES))
    return means[round(0.025 * _RESAMPLES)], means[round(0.975 * _RESAMPLES) - 1]


def _mean(clusters: Iterable[Sequence[float]]) -> float:
    return fmean(value for cluster in clusters for value in cluster)


def _cell(base: Unit, units: Sequence[Unit], measure: str) -> str:
    level = fmean(one[measure] for unit in units for one in unit["questions"])
    middle, least, most = gain(base, units, measure)
    return f"{level:.3f}: {middle:+.3f} ({least:+.3f} to {most:+.3f})"


def _name(unit: Unit) -> str:
    recorded = unit.get("recorded")
    return f"{unit['recipe']}, with {recorded['file']}" if recorded else str(unit["recipe"])


def _exam(unit: Unit) -> str:
    return json.dumps([unit["data"]["sha256"], unit["passages"], unit["student"]["sha256"]])


def main() -> None:
    """Print all tables."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    groups = group(read_units(folder))
    if not groups:
        sys.exit(f"{folder} has no unit with its base: see python -m benchmarks.proof --help")
    for base, units in groups.values():
        print(*describe(base, units), sep="\n", end="\n\n")


if __name__ == "__main__":
    main()
