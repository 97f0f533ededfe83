"""One unit of the proof: a recipe with a seed, from passages to figures in one small file.

    python -m benchmarks.proof.unit DATA --student FOLDER --recipe retold --seed 1 [--passages 40]
        [--tokens 200000] [--teacher "--teacher rehearsal"] [--recorded FILE] [--out FOLDER] [--work FOLDER]

DATA is a folder with `squad_200.json`. A unit whose file is there is not done again; one that was broken off
goes on where it was. All of it goes through `seedbed generate` and `seedbed train`, as a user would have it.
"""

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from benchmarks.proof.conditions import BASE, CONDITIONS
from benchmarks.proof.examine import examine
from benchmarks.proof.passages import SQUAD, Passage, choose, file_hash, read_passages, short_hash
from benchmarks.proof.recorded import make_rows, write_rows
from benchmarks.proof.taxonomy import write_taxonomy
from seedbed import __version__

RESULTS = Path(__file__).with_name("results")
_SHORT = 3
"""The exit status of a run whose leaves came out short of their target: what there is is trained on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a unit is asked for."""

    data: Path
    student: Path
    recipe: str
    seed: int
    passages: int
    tokens: int
    teacher: str
    """Options of `seedbed generate` that say who teaches."""
    target: int
    """Questions a title."""
    retellings: str
    """Families in which the teacher retells each passage, parted by commas."""
    viewpoints: int
    recorded: Path | None
    """Completions that others recorded, as further retellings."""
    out: Path
    work: Path

    @property
    def generation(self) -> dict[str, Any]:
        """The recipe by which the teacher is asked."""
        # A passage is one chunk, however long; a chat template's own system message is as good as ours.
        recipe = {"target": self.target, "chunk_tokens": 1200, "passages": True, "system_prompt": ""}
        families = [name for name in self.retellings.split(",") if name]
        return {**recipe, **({"retellings": families, "viewpoints": self.viewpoints} if families else {})}


def run_unit(order: Order) -> Path:
    """Do the unit, or find it done; the file with its figures."""
    passages = choose(read_passages(order.data / SQUAD), order.passages)
    made_by = json.dumps([order.teacher, order.generation])
    place = order.work / f"{order.passages}-{short_hash(made_by)}"
    dataset = place / "dataset"
    condition = CONDITIONS[order.recipe]
    if condition.phases:
        _generate(order, passages, place, dataset)
    identity = _identify(order, passages, dataset)
    name = f"{order.recipe}-{order.passages}p-s{order.seed}-{short_hash(json.dumps(identity))[:8]}"
    file = order.out / f"{name}.json"
    if file.is_file():
        return file
    figures = _train(order, passages, place / name, dataset) if condition.phases else {}
    began = time.monotonic()
    folder = place / name / "student" if condition.phases else order.student
    asked = examine(folder, passages)
    figures |= {"exam_seconds": round(time.monotonic() - began), "machine": _machine(), "questions": asked}
    order.out.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    text = json.dumps({**identity, **figures}, ensure_ascii=False, indent=1)
    part.write_text(f"{text}\n", encoding="utf-8")
    part.replace(file)
    # The figures are all that stays: a state folder has a student's weights several times.
    shutil.rmtree(place / name, ignore_errors=True)
    return file


def _generate(order: Order, passages: list[Passage], place: Path, dataset: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    write_taxonomy(place / "taxonomy", passages)
    (place / "recipe.yaml").write_text(yaml.safe_dump(order.generation), encoding="utf-8")
    options = ("--recipe", str(place / "recipe.yaml"), "--out", str(dataset), "--state", str(place / "state"))
    seedbed("generate", str(place / "taxonomy"), *shlex.split(order.teacher), *options, content=(0, _SHORT))


def _identify(order: Order, passages: list[Passage], dataset: Path) -> dict[str, Any]:
    """All that the figures depend on but the machine."""
    condition, student = CONDITIONS[order.recipe], order.student
    found: dict[str, Any] = {
        "recipe": order.recipe,
        "seed": order.seed,
        "data": {"file": SQUAD, "sha256": file_hash(order.data / SQUAD)},
        "passages": [one.id for one in passages],
        "student": {"name": student.name, "sha256": file_hash(student / "model.safetensors")},
    }
    if condition.phases:
        found["training_recipe"] = condition.recipe(order.tokens, order.seed)
        found["tokens"] = order.tokens
        found["teacher"] = order.teacher
        found["generation"] = order.generation
        found["dataset"] = file_hash(dataset / "manifest.json")
    if condition.recorded and order.recorded:
        found["recorded"] = {"file": order.recorded.name, "sha256": file_hash(order.recorded)}
    return found


def _train(order: Order, passages: list[Passage], place: Path, dataset: Path) -> dict[str, Any]:
    condition = CONDITIONS[order.recipe]
    place.mkdir(parents=True, exist_ok=True)
    (place / "training.yaml").write_text(
        yaml.safe_dump(condition.recipe(order.tokens, order.seed), sort_keys=False), encoding="utf-8"
    )
    rows: tuple[str, ...] = ()
    if condition.recorded and order.recorded:
        made = make_rows(order.recorded, "text", {one.id for one in passages})
        write_rows(place / "recorded.jsonl", made)
        rows = ("--rows", str(place / "recorded.jsonl"))
    began = time.monotonic()
    training = seedbed(
        *("train", str(dataset), "--model", str(order.student), *rows),
        *("--training-recipe", str(place / "training.yaml")),
        *("--out", str(place / "student"), "--state", str(place / "state")),
    )
    names = ("name", "tokens", "steps", "first_loss", "last_loss", "seconds", "too_long", "not_rendered")
    phases = [{name: phase.get(name) for name in names} for phase in training["phases"]]
    return {"phases": phases, "train_seconds": round(time.monotonic() - began)}


def seedbed(*arguments: str, content: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """One command of ours; its last line as an object."""
    command = [sys.executable, "-m", "seedbed.cli", *arguments, "--json"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
    if ended.returncode not in content:
        sys.exit(f"seedbed {arguments[0]} ended with {ended.returncode}")
    found: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return found


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "seedbed": __version__,
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """What all units of a proof have in common."""
    parser.add_argument("data", type=Path, help=f"a folder with {SQUAD}")
    parser.add_argument("--student", type=Path, required=True, help="a model in a folder")
    parser.add_argument("--passages", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=200_000, help="that count, in each unit")
    parser.add_argument("--teacher", default="--teacher rehearsal", help="options of `seedbed generate`")
    parser.add_argument("--target", type=int, default=12, help="questions a title")
    parser.add_argument("--retellings", default="", help="families that the teacher writes, parted by commas")
    parser.add_argument("--viewpoints", type=int, default=1, help="of each family")
    parser.add_argument("--recorded", type=Path, help="completions to add to `retold` and `mixed`")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the figures go")
    parser.add_argument("--work", type=Path, default=Path(".proof"), help="a folder to work in")


def make_order(asked: argparse.Namespace, recipe: str, seed: int) -> Order:
    """A unit of what was asked for; the base has no seed of its own."""
    values = {name: getattr(asked, name) for name in Order.__slots__ if hasattr(asked, name)}
    return Order(**{**values, "recipe": recipe, "seed": 0 if recipe == BASE else seed})


def main() -> None:
    """Do one unit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    parser.add_argument("--recipe", choices=CONDITIONS, required=True)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(run_unit(make_order(asked, asked.recipe, asked.seed)))


if __name__ == "__main__":
    main()
