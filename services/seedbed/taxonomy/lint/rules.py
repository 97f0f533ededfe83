"""The rules of a leaf that upstream only documents. Pure; each rule reads a file's data and its places."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from seedbed.taxonomy.lint.findings import Place, error, warning
from seedbed.taxonomy.lint.positions import Parsed, Path
from seedbed.taxonomy.lint.schema import KNOWLEDGE_VERSION
from seedbed.taxonomy.lint.seeds import check_seeds, mappings, texts_of
from seedbed.taxonomy.trees.globs import pattern_fault
from seedbed.taxonomy.v1.taxonomy_service_pb2 import Finding

CONTEXT_WORDS = 500
QUESTION_WORDS = 250
ANSWER_WORDS = 250
SKILL_WORDS = 2300

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_GROUNDED = "compositional_skills/grounded/"
_LIMITS = {"context": CONTEXT_WORDS, "question": QUESTION_WORDS, "answer": ANSWER_WORDS}
_ATTRIBUTION = ("title of work", "link to work", "license of the work", "creator names")


def check_rules(parsed: Parsed, branch: str, file: str) -> Iterator[Finding]:
    """What the schema cannot say of a file; its other failures are skipped over."""
    if not isinstance(parsed.data, dict):
        return
    yield from _characters(parsed.data, (), parsed, file)
    yield from _context(parsed, branch, file)
    yield from _subtree(parsed, file)
    yield from _words(parsed, branch, file)
    yield from check_seeds(parsed, branch, file)
    if branch == "knowledge" and parsed.data.get("version") == KNOWLEDGE_VERSION:
        yield from _pair_keys(parsed, file)
        yield from _repository(parsed, file)
        yield from _patterns(parsed, file)


def _characters(value: Any, path: Path, parsed: Parsed, file: str) -> Iterator[Finding]:
    """What an escape brings into a text, and no prompt and no dataset can hold."""
    if isinstance(value, str):
        if found := _CONTROL.search(value):
            message = f"the text holds the control character U+{ord(found[0]):04X}; take it out"
            yield error(file, parsed.place(path), "control-character", message)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _characters(inner, (*path, key), parsed, file)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _characters(inner, (*path, index), parsed, file)


def _context(parsed: Parsed, branch: str, file: str) -> Iterator[Finding]:
    if branch == "knowledge":
        return
    examples = list(mappings(parsed.data.get("seed_examples")))
    bare = [index for index, example in examples if "context" not in example]
    if not bare or len(bare) == len(examples):
        return
    message = (
        f"{len(bare)} of {len(examples)} seed examples have no `context`: "
        "give one to all of them (a grounded skill) or to none"
    )
    yield error(file, parsed.place(("seed_examples", bare[0])), "mixed-context", message)


def _subtree(parsed: Parsed, file: str) -> Iterator[Finding]:
    if not file.startswith("compositional_skills/"):
        return
    inside = file.startswith(_GROUNDED)
    grounded = any("context" in example for _, example in mappings(parsed.data.get("seed_examples")))
    if inside != grounded:
        what = "a skill without contexts" if inside else "a skill with contexts"
        where = "elsewhere than in" if inside else "in"
        yield warning(file, Place(), "subtree", f"{what} is expected {where} {_GROUNDED}")


def _words(parsed: Parsed, branch: str, file: str) -> Iterator[Finding]:
    total = 0
    for path, text in texts_of(parsed.data.get("seed_examples")):
        words = len(text.split())
        total += words
        limit = _LIMITS[str(path[-1])]
        if words > limit:
            message = f"the {path[-1]} has {words} words; at most {limit} are advised"
            yield warning(file, parsed.place(path), "too-long", message)
    if branch != "knowledge" and total > SKILL_WORDS:
        message = f"the skill has {total} words in its seed examples; about {SKILL_WORDS} are advised at most"
        yield warning(file, parsed.key(("seed_examples",)), "too-long", message)


def _pair_keys(parsed: Parsed, file: str) -> Iterator[Finding]:
    for index, example in mappings(parsed.data.get("seed_examples")):
        for number, pair in mappings(example.get("questions_and_answers")):
            for key in sorted(set(pair) - {"question", "answer"}):
                path = ("seed_examples", index, "questions_and_answers", number, key)
                yield warning(file, parsed.key(path), "unused-key", f"`{key}` is not read")


def _repository(parsed: Parsed, file: str) -> Iterator[Finding]:
    document = parsed.data.get("document")
    if not isinstance(document, dict):
        return
    repo, commit = document.get("repo"), document.get("commit")
    remote = isinstance(repo, str) and repo.strip() not in ("", ".")
    if remote and isinstance(document.get("commit", ""), str) and not (commit or "").strip():
        message = "a document in a repository needs its `commit`"
        yield error(file, parsed.place(("document", "repo")), "missing-key", message)
    if not remote and "repo" not in document and isinstance(commit, str) and commit.strip():
        message = "`commit` without `repo`: the files of the taxonomy itself are read"
        yield warning(file, parsed.key(("document", "commit")), "unused-key", message)


def _patterns(parsed: Parsed, file: str) -> Iterator[Finding]:
    document = parsed.data.get("document")
    patterns = document.get("patterns") if isinstance(document, dict) else None
    for index, pattern in enumerate(patterns if isinstance(patterns, list) else []):
        if isinstance(pattern, str) and (fault := pattern_fault(pattern.strip())):
            yield error(file, parsed.place(("document", "patterns", index)), "pattern", fault)


def check_attribution(text: str | None, version: int, file: str) -> Iterator[Finding]:
    """`attribution.txt`, asked for since version 2. `text` is None where there is none."""
    if text is None or not text.strip():
        if version > 1:
            what = "is missing" if text is None else "is empty"
            yield warning(file, Place(), "attribution", f"attribution.txt {what} beside this file")
        return
    labels = {line.partition(":")[0].strip().lower() for line in text.splitlines() if ":" in line}
    missing = [label for label in _ATTRIBUTION if label not in labels]
    if missing:
        message = f"attribution.txt does not say: {', '.join(missing)}"
        yield warning(file, Place(), "attribution", message)


def check_folders(path: str, file: str) -> Iterator[Finding]:
    """A leaf's folders are named in lower case with underscores."""
    if not is_encodable(path):
        yield error(file, Place(), "folder-name", "the folder's name is not UTF-8; rename it")
    for folder in path.split("/"):
        plain = folder.replace("_", "")
        if folder != folder.lower() or not plain.isalnum():
            message = f"the folder `{folder}` is not named in lower case with underscores"
            yield warning(file, Place(), "folder-name", message)


def is_encodable(path: str) -> bool:
    """Whether a path is text: a name on disk may be any bytes."""
    return not any("\ud800" <= char <= "\udfff" for char in path)


def check_clashes(files: Sequence[str]) -> Iterator[Finding]:
    """Leaves whose paths differ by case or by Unicode form only are one leaf on other machines."""
    seen: dict[str, str] = {}
    for file in sorted(files):
        first = seen.setdefault(_folded(file), file)
        if first != file:
            message = f"the same leaf as {first}: the paths differ only by case"
            yield error(file, Place(), "duplicate-leaf", message)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
