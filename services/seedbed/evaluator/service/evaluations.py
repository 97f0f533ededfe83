"""Evaluations in the store: an object each in the store while they go on, a folder at their end."""

import asyncio
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from google.protobuf import json_format

from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, EvaluationState
from seedbed.kernel.errors import NotFound
from seedbed.kernel.formats.format_numbers import EVALUATION, check_manifest
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.artifacts import MANIFEST, describe_files, put_folder
from seedbed.kernel.store.interface import Store

RESULT_FILE = "evaluation.json"
SCORES_FILE = "scores.jsonl"
TASKS = "tasks"
_ROOT = "evaluations"
_NAME = re.compile(r"e[0-9a-f]{16}")
_HINT = "`seedbed evaluate --list` names them"
_STATE_FILE = "state.json"
_AT_ONCE = 16

ENDED = (
    EvaluationState.EVALUATION_STATE_SUCCEEDED,
    EvaluationState.EVALUATION_STATE_FAILED,
    EvaluationState.EVALUATION_STATE_CANCELLED,
)


def prefix_of(name: str) -> str:
    """Where an evaluation is in the store."""
    return f"{_ROOT}/{name}"


class Evaluations:
    """The evaluations in the store. Of a finished evaluation the folder is right, whatever else is there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, name: str) -> Evaluation:
        """One evaluation; one whose record cannot be read as failed, saying so. Raises NotFound."""
        if not _NAME.fullmatch(name):
            raise NotFound(f"there is no evaluation {name!r}", hint=_HINT)
        for place in (RESULT_FILE, _STATE_FILE):
            try:
                if place == RESULT_FILE:
                    whole = f"{prefix_of(name)}/{MANIFEST}"
                    check_manifest(await self._store.get(whole), whole)
                return _parse(name, await self._store.get(f"{prefix_of(name)}/{place}"))
            except NotFound:
                continue
        raise NotFound(f"there is no evaluation {name!r}", hint=_HINT)

    async def find(self, name: str) -> Evaluation | None:
        """An evaluation by name; None where there is none."""
        try:
            return await self.get(name)
        except NotFound:
            return None

    async def find_all(self, names: Sequence[str]) -> list[Evaluation]:
        """Those of these names that there are: one that was removed meanwhile is left out."""
        found: list[Evaluation | None] = []
        for start in range(0, len(names), _AT_ONCE):
            found += await asyncio.gather(*map(self.find, names[start : start + _AT_ONCE]))
        return [one for one in found if one is not None]

    async def note(self, evaluation: Evaluation) -> None:
        """Keep how far an evaluation is."""
        await self._store.put(f"{prefix_of(evaluation.name)}/{_STATE_FILE}", write(evaluation))

    async def cancel(self, name: str) -> Evaluation:
        """Mark an evaluation as cancelled; whoever works on it sees so and stops."""
        found = await self.get(name)
        if found.state not in ENDED:
            found.state = EvaluationState.EVALUATION_STATE_CANCELLED
            await self.note(found)
        return found

    async def names(self) -> list[str]:
        """The names of all evaluations, in order."""
        keys = await self._store.keys(f"{_ROOT}/e")
        return sorted({key.split("/")[1] for key in keys if key.endswith(f"/{_STATE_FILE}")})

    async def finish(self, evaluation: Evaluation, folder: Path) -> None:
        """Put the folder of a finished evaluation into the store, its manifest last."""
        (folder / RESULT_FILE).write_bytes(write(evaluation))
        (folder / MANIFEST).unlink(missing_ok=True)
        manifest = {
            "format": EVALUATION.tag,
            "evaluation": evaluation.name,
            "files": [
                {"name": file.name, "sha256": file.sha256, "bytes": file.bytes}
                for file in describe_files(folder)
            ],
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        (folder / MANIFEST).write_text(text, encoding="utf-8")
        await put_folder(self._store, prefix_of(evaluation.name), folder)
        shutil.rmtree(folder, ignore_errors=True)


def write(evaluation: Evaluation) -> bytes:
    """The JSON of an evaluation, its keys sorted."""
    text = json_format.MessageToJson(
        evaluation, preserving_proto_field_name=True, ensure_ascii=False, sort_keys=True
    )
    return f"{text}\n".encode()


def _parse(name: str, data: bytes) -> Evaluation:
    try:
        return json_format.Parse(data, Evaluation(), ignore_unknown_fields=True)
    except (json_format.ParseError, UnicodeDecodeError) as error:
        reason = f"its record is damaged: {error}; the same call of Evaluate makes it anew"
        return Evaluation(name=name, state=EvaluationState.EVALUATION_STATE_FAILED, reason=reason)


def score_key(digest: str) -> str:
    """Where the scores of one checkpoint on these exams are kept, so that nobody is examined twice."""
    return f"{_ROOT}/scores/{digest[:2]}/{digest}"


def digest_of(*parts: str) -> str:
    """sha256 of parts in their order, each apart from the next."""
    return sha256_hex("\0".join(parts))
