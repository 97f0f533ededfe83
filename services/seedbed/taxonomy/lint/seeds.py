"""Seed examples that would teach nothing, or what is not so. Pure; reads a file's data and its places."""

from collections.abc import Iterator
from typing import Any

from seedbed.pipeline.grounding import Ground, numbers
from seedbed.pipeline.similarity import NearDuplicates, grams, jaccard
from seedbed.taxonomy.lint.findings import Place, warning
from seedbed.taxonomy.lint.placeholders import find_placeholder
from seedbed.taxonomy.lint.positions import Parsed, Path
from seedbed.taxonomy.v1.taxonomy_service_pb2 import Finding

_PAIRS = "questions_and_answers"
# Shares of three letters in a row that two texts have in common.
_ALIKE, _ANSWERED_ALIKE, _SAME = 0.7, 0.8, 0.95
_SHOWN = 60
_DESCRIPTIONS = ("task_description", "domain", "document_outline")


def check_seeds(parsed: Parsed, branch: str, file: str) -> Iterator[Finding]:
    """What the file alone shows."""
    yield from _placeholders(parsed, file)
    yield from _twins(parsed, branch, file)
    if branch == "knowledge":
        yield from _answers(parsed, file)


def mappings(value: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """The mappings of a list with their indexes; nothing where it is no list."""
    if isinstance(value, list):
        yield from ((index, item) for index, item in enumerate(value) if isinstance(item, dict))


def texts_of(data: Any, path: Path = ("seed_examples",)) -> Iterator[tuple[Path, str]]:
    """Contexts, questions and answers, with their places."""
    for index, example in mappings(data):
        for name in ("context", "question", "answer"):
            if isinstance(example.get(name), str):
                yield (*path, index, name), example[name]
        below = (*path, index, _PAIRS)
        yield from texts_of(example.get(_PAIRS), below)


def shown(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN].rstrip()}…"


def _placeholders(parsed: Parsed, file: str) -> Iterator[Finding]:
    described = (((name,), parsed.data.get(name)) for name in _DESCRIPTIONS)
    for path, text in (*described, *texts_of(parsed.data.get("seed_examples"))):
        if isinstance(text, str) and (found := find_placeholder(text)):
            message = f"the {path[-1]} is still to be written: `{shown(found)}` stands in for it"
            yield warning(file, parsed.place(path), "placeholder", message)


def _twins(parsed: Parsed, branch: str, file: str) -> Iterator[Finding]:
    """Seed examples that ask and answer nearly the same, and contexts of knowledge that are the same."""
    contexts, questions = _Seen(_SAME), _Seen(_ALIKE)
    for index, example in mappings(parsed.data.get("seed_examples")):
        path: Path = ("seed_examples", index)
        context = _text(example, "context")
        if branch == "knowledge" and context:
            place = parsed.place((*path, "context"))
            yield from _twin(contexts.keep(context, "", place), place, file, "context")
        below = (((*path, _PAIRS, n), pair) for n, pair in mappings(example.get(_PAIRS)))
        for inner, pair in ((path, example), *below):
            if not (question := _text(pair, "question")):
                continue
            place = parsed.place((*inner, "question"))
            # A grounded skill puts one question to many texts.
            asked = question if branch == "knowledge" else f"{context}\n{question}"
            yield from _twin(questions.keep(asked, _text(pair, "answer"), place), place, file, "question")


class _Seen:
    """Texts by their numbers, as what differs in these says something else; each with what answers it."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._by_numbers: dict[frozenset[str], NearDuplicates] = {}
        self._kept: list[tuple[str, str, Place]] = []

    def keep(self, text: str, answer: str, place: Place) -> Place | None:
        """Keep a text, unless one like it is kept; that one's place, where it is answered alike."""
        near = self._by_numbers.setdefault(numbers(text), NearDuplicates(self._threshold))
        found = near.keep(str(len(self._kept)), text)
        if found is None:
            self._kept.append((text, answer, place))
            return None
        other, other_answer, other_place = self._kept[int(found)]
        same = jaccard(grams(text), grams(other)) >= _SAME
        alike = jaccard(grams(answer), grams(other_answer)) >= _ANSWERED_ALIKE
        return other_place if same or alike else None


def _twin(other: Place | None, place: Place, file: str, what: str) -> Iterator[Finding]:
    if other:
        message = f"the {what} is nearly the same as the one on line {other.line}; another teaches more"
        yield warning(file, place, "near-equal", message)


def _text(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value.strip() if isinstance(value, str) else ""


def _answers(parsed: Parsed, file: str) -> Iterator[Finding]:
    for index, example in mappings(parsed.data.get("seed_examples")):
        context = example.get("context")
        if not isinstance(context, str) or not context.strip():
            continue
        ground = Ground(context)
        for number, pair in mappings(example.get(_PAIRS)):
            question, answer = pair.get("question"), pair.get("answer")
            if not isinstance(answer, str) or not isinstance(question, str) or find_placeholder(answer):
                continue
            if lack := ground.find_lack(answer, question):
                place = parsed.place(("seed_examples", index, _PAIRS, number, "answer"))
                message = f"the context does not bear the answer `{shown(answer)}` out: {lack}"
                yield warning(file, place, "ungrounded-answer", message)
