"""Writing a dataset, leaf by leaf; it never holds more than one part.

with DatasetWriter(folder, plan) as writer:
    for leaf in leaves:          # in order of leaf path
        writer.add(leaf)
    manifest = writer.finish()   # until here the folder is as it was
"""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pydantic import ValidationError

from seedbed.bus.v1.bus_pb2 import Plan
from seedbed.dataset.card import render_card
from seedbed.dataset.documents import Documents
from seedbed.dataset.folder import hash_file, naming_disk_errors, replacing
from seedbed.dataset.manifest import (
    CANDIDATES_FILE,
    CARD_FILE,
    KNOWLEDGE_FILE,
    MANIFEST_FILE,
    PASSAGES_FILE,
    SAMPLES_FILE,
    SKILLS_FILE,
    File,
    Leaf,
    Manifest,
    describe_leaf,
)
from seedbed.dataset.messages import RowWriter
from seedbed.dataset.parts import InconsistentPart, LeafPart, check_part
from seedbed.dataset.tables import CANDIDATES, SAMPLES, Table
from seedbed.kernel.errors import InputError
from seedbed.pipeline.language import find_language
from seedbed.pipeline.recipe import Recipe

_READ_FOR_LANGUAGE = 100


def write_dataset(
    folder: Path | str, plan: Plan, leaves: Iterable[LeafPart], *, partial: bool = False
) -> Manifest:
    """Write a dataset from parts in order of leaf path. Raises InputError, InconsistentPart, StoreError."""
    with DatasetWriter(folder, plan, partial=partial) as writer:
        for leaf in leaves:
            writer.add(leaf)
        return writer.finish()


class DatasetWriter:
    """Writes one dataset. The folder changes only in `finish`, all at once."""

    def __init__(self, folder: Path | str, plan: Plan, *, partial: bool = False) -> None:
        self._folder = Path(folder).resolve()
        self._plan = plan
        self._partial = partial
        self._recipe = _read_recipe(plan)
        self._targets = {leaf.path: leaf for leaf in plan.leaves}
        self._leaves: list[Leaf] = []
        self._parts: dict[str, str] = {}
        self._documents = Documents()
        self._languages: set[str] = set()
        self._passages = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._work = stack.enter_context(replacing(self._folder))
            with naming_disk_errors(self._folder):
                opened = {
                    name: stack.enter_context((self._work / name).open("wb"))
                    for name in (
                        *(KNOWLEDGE_FILE, SKILLS_FILE, SAMPLES_FILE, CANDIDATES_FILE),
                        *([PASSAGES_FILE] if self._recipe.passages else []),
                    )
                }
            self._knowledge, self._skills = opened[KNOWLEDGE_FILE], opened[SKILLS_FILE]
            self._samples = Table(opened[SAMPLES_FILE], SAMPLES)
            self._candidates = Table(opened[CANDIDATES_FILE], CANDIDATES)
            for table in (self._samples, self._candidates):
                # Before its file is closed: otherwise it would write its footer when it is collected.
                stack.callback(table.abandon)
            self._opened = opened
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, leaf: LeafPart) -> None:
        """Write one leaf's part. Raises InconsistentPart."""
        path = leaf.part.path
        if path not in self._targets:
            raise InconsistentPart(f"leaf {path} is not in the plan")
        if self._leaves and path <= self._leaves[-1].path:
            raise InconsistentPart(
                f"leaf {path} comes after {self._leaves[-1].path}: parts go in order of leaf path"
            )
        target = self._targets[path]
        check_part(leaf, target, partial=self._partial)
        with naming_disk_errors(self._folder):
            rows = self._write(leaf)
        self._leaves.append(describe_leaf(leaf, target.target, rows))
        self._parts[path] = leaf.digest

    def _write(self, leaf: LeafPart) -> Counter[str]:
        rows: Counter[str] = Counter()
        maker = RowWriter(leaf, self._recipe.system_prompt)
        for file, made in ((self._knowledge, maker.knowledge_rows()), (self._skills, maker.skills_rows())):
            for row in made:
                _write_record(file, row.record)
                rows.update([row.use, *row.notes])
        if self._recipe.passages:
            for record in maker.passages():
                _write_record(self._opened[PASSAGES_FILE], record)
                self._passages += 1
        for candidate in leaf.candidates:
            (self._samples if candidate.end == "accepted" else self._candidates).add(candidate)
        self._documents.add(leaf)
        first = islice(leaf.samples, _READ_FOR_LANGUAGE)
        text = "\n".join(f"{sample.question}\n{sample.answer}" for sample in first)
        self._languages |= {find_language(text)} - {""}
        return rows

    def finish(self) -> Manifest:
        """Put the dataset in its place and return its manifest. Raises InconsistentPart, StoreError."""
        missing = sorted(set(self._targets) - set(self._parts))
        if missing and not self._partial:
            raise InconsistentPart(
                f"the dataset has no part for {len(missing)} leaves of the plan, the first is {missing[0]}",
                hint="write it as a partial one, or wait until the run has ended",
            )
        with naming_disk_errors(self._folder):
            manifest = self._complete()
            (self._work / MANIFEST_FILE).write_text(render_manifest(manifest), encoding="utf-8")
        # Closing it gives the new folder its name.
        self._stack.close()
        return manifest

    def _complete(self) -> Manifest:
        self._samples.close()
        self._candidates.close()
        for file in self._opened.values():
            file.close()
        manifest = Manifest.gather(
            self._plan,
            self._recipe.model_dump(mode="json"),
            self._leaves,
            self._parts,
            partial=self._partial,
            files=[self._describe(name, rows) for name, rows in self._count_rows().items()],
        )
        card = render_card(manifest, self._documents, self._languages)
        (self._work / CARD_FILE).write_text(card, encoding="utf-8")
        return manifest.model_copy(update={"files": (*manifest.files, self._describe(CARD_FILE, None))})

    def _count_rows(self) -> dict[str, int]:
        rows = [leaf.rows for leaf in self._leaves]
        return {
            KNOWLEDGE_FILE: sum(leaf.p07_qa + leaf.p07_auxiliary for leaf in rows),
            SKILLS_FILE: sum(leaf.skill + leaf.p10_qa + leaf.p10_raft + leaf.p10_auxiliary for leaf in rows),
            SAMPLES_FILE: self._samples.rows,
            CANDIDATES_FILE: self._candidates.rows,
            **({PASSAGES_FILE: self._passages} if self._recipe.passages else {}),
        }

    def _describe(self, name: str, rows: int | None) -> File:
        path = self._work / name
        return File(name=name, sha256=hash_file(path), bytes=path.stat().st_size, rows=rows)


def render_manifest(manifest: Manifest) -> str:
    """The manifest as indented JSON, keys sorted: equal manifests are equal bytes."""
    return json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _write_record(file: IO[bytes], record: dict[str, Any]) -> None:
    file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def _read_recipe(plan: Plan) -> Recipe:
    try:
        return Recipe.model_validate_json(plan.recipe or "{}")
    except ValidationError as error:
        raise InputError(
            f"the plan's recipe cannot be read: {error.errors()[0]['msg']}",
            hint="the run was made with another version of Seedbed: write its dataset with that one",
        ) from error
