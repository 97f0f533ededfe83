"""What an edit, a second run and another threshold cost: calls, and the bytes that come of it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import yaml

from benchmarks.outcome import Outcome, Place
from benchmarks.synthetic import write_taxonomy
from tests.faults.stage import Run, open_teacher

_AT_ONCE = 64
_PAIRS = 3
_MARK = "Which seed was edited?"
_DRAW, _VERDICT = "KnowledgePairs", "GroundedJudgement"
_LENIENT = {"gates": {"faithful": 0, "relevancy": 0}}


def edit(place: Place) -> Outcome:
    """One seed of one leaf of 500 is edited."""
    leaves = place.scale(500, least=2)
    taxonomy = write_taxonomy(place.folder / "taxonomy", leaves)
    leaf = f"knowledge/load/leaf_{leaves // 2:04}"
    with open_teacher(place.folder, delay_ms=10, acceptance=1, count_match=_MARK) as teacher:
        run = Run(place.folder / "run", taxonomy, teacher, 6, at_once=_AT_ONCE)
        asked = _finish(run)
        old = _samples(run)
        seed = next(row for row in old if row["leaf"] == leaf)
        _edit_seed(taxonomy / leaf / "qna.yaml", seed["seed_index"])
        before = teacher.stats()
        calls = _finish(run)
        after = teacher.stats()
    made = Counter(after["by_schema"]) - Counter(before["by_schema"])
    containing, draws, verdicts = after["matched"], made[_DRAW], made[_VERDICT]
    new = _samples(run)
    stale = sum(row["seed_digest"] == seed["seed_digest"] for row in new)
    elsewhere = {row["id"] for row in old if row["leaf"] != leaf} ^ {
        row["id"] for row in new if row["leaf"] != leaf
    }
    notes = (
        f"{asked:,} calls for {leaves} leaves at first",
        f"then {calls}: {draws} draws, {containing} of which hold the edited seed, and {verdicts} verdicts",
        f"{len(new):,} rows; {stale} stale; {len(elsewhere)} other in leaves that were not edited",
    )
    only = calls == draws + verdicts and draws == containing > 0 and verdicts <= _PAIRS * draws
    return Outcome(f"{calls} calls / {len(new):,} rows", only and not stale and not elsewhere, notes)


def again(place: Place) -> Outcome:
    """A finished run again, another threshold with --no-refill, an edit taken back."""
    taxonomy = write_taxonomy(place.folder / "taxonomy", place.scale(10))
    recipe = place.folder / "lenient.yaml"
    recipe.write_text(yaml.safe_dump(_LENIENT))
    with open_teacher(place.folder, delay_ms=10) as teacher:
        run = Run(place.folder / "run", taxonomy, teacher, 30, at_once=_AT_ONCE)
        at_first = _finish(run)
        bytes_at_first = run.dataset()
        rerun, rerun_same = _finish(run), run.dataset() == bytes_at_first
        other = replace(run, options=("--recipe", str(recipe), "--no-refill"))
        threshold, decided = _finish(other), run.dataset() != bytes_at_first
        taken_back, edited, back_same = _edit_and_back(run, bytes_at_first)
    notes = (
        f"{at_first:,} calls at first",
        f"again: {rerun} calls, {_bytes(same=rerun_same)}",
        f"threshold changed: {threshold} calls, {'decided anew' if decided else 'NOTHING decided anew'}",
        f"a seed edited: {edited} calls; taken back: {taken_back} calls, {_bytes(same=back_same)}",
    )
    met = not (rerun or threshold or taken_back) and rerun_same and decided and back_same
    bytes_told = _bytes(same=rerun_same and back_same)
    return Outcome(f"{rerun}, {threshold} and {taken_back} calls, {bytes_told}", met, notes)


def _edit_and_back(run: Run, at_first: dict[str, str]) -> tuple[int, int, bool]:
    """Calls after the edit was taken back, calls for the edit, and whether the bytes are those before it."""
    row = _samples(run)[0]
    path = run.taxonomy / row["leaf"] / "qna.yaml"
    text = path.read_text()
    _edit_seed(path, row["seed_index"])
    edited = _finish(run)
    path.write_text(text)
    return _finish(run), edited, run.dataset() == at_first


def _bytes(*, same: bool) -> str:
    return "same bytes" if same else "OTHER bytes"


def _finish(run: Run) -> int:
    """Run the command once; returns the calls it made."""
    before = run.teacher.asked
    try:
        run.start().finish(short=True)
    finally:
        run.stop()
    return run.teacher.asked - before


def _samples(run: Run) -> list[dict[str, Any]]:
    path: Path = run.folder / "dataset" / "samples.parquet"
    columns = ["id", "leaf", "seed_index", "seed_digest"]
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path, columns=columns).to_pylist()
    return rows


def _edit_seed(path: Path, index: int) -> None:
    leaf = yaml.safe_load(path.read_text())
    leaf["seed_examples"][index]["questions_and_answers"][0]["question"] = _MARK
    path.write_text(yaml.safe_dump(leaf, sort_keys=False, width=100))
