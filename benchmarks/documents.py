"""How much of documents our text holds: `python benchmarks/documents.py FOLDER`.

Looks through a folder, whatever stands in it, for documents that have a reference in Markdown beside them:
for `manual.docx` that is `manual.docx.md` or `manual.md`. Each is read as the knowledge service reads it, in
a limited child process, and its words are compared with the reference's, by format.

Words count as often as they occur, and their order does not: letters and digits of the text, without the
addresses of links and the names of tags; in scripts without spaces each letter is a word. `10^23` is two
words, so a reader that makes `1023` of it loses both.
"""

import argparse
import asyncio
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from seedbed.kernel.errors import ItemError
from seedbed.knowledge.documents import data_uris, front_matter
from seedbed.knowledge.reader import Reader
from seedbed.taxonomy.media import SUFFIXES, media_type

# Any budget will do: the text is what is measured.
_CHUNK = 400
_SHOWN = 12
_SAME = {"htm": "html", "markdown": "md", "text": "txt"}

_ADDRESS = re.compile(
    r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\)|^ {0,3}\[[^\]^]+\]:.*$", re.MULTILINE
)
_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL)
# Han, kana, and the scripts of South East Asia, which part no words.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")


@dataclass(frozen=True)
class Score:
    """What came of one document."""

    path: Path
    wanted: int
    held: int
    ours: int
    """Words of our text."""
    missing: Sequence[str] = field(default_factory=list)
    error: str = ""

    @property
    def format(self) -> str:
        """The format, by the name's end."""
        name = self.path.suffix.lower().removeprefix(".")
        return _SAME.get(name, name)

    @property
    def share(self) -> float:
        """The share of the reference's words that our text holds."""
        return self.held / self.wanted if self.wanted else 1.0


def main() -> int:
    """Measure a folder and print what came of it; with `--least`, fail where a format comes to less."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worst", type=int, default=10, help="how many of the worst documents are shown")
    parser.add_argument("--least", type=float, default=0.0, help="share below which the exit status is 1")
    options = parser.parse_args()
    pairs = list(find_pairs(options.folder))
    if not pairs:
        print(f"no document in {options.folder} has a reference beside it, as a.docx and a.docx.md or a.md")
        return 1
    scores = asyncio.run(measure(pairs))
    _show(scores, options.worst, Console())
    return int(any(share < options.least for share in shares(scores).values()))


def find_pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Documents with their references, in the order of their names."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    pairs = {path: reference for path in found if (reference := _reference(path))}
    references = set(pairs.values())
    yield from ((path, reference) for path, reference in pairs.items() if path not in references)


def _reference(path: Path) -> Path | None:
    named = (path.with_name(f"{path.name}.md"), path.with_suffix(".md"))
    return next((reference for reference in named if reference.is_file() and reference != path), None)


async def measure(pairs: Sequence[tuple[Path, Path]]) -> list[Score]:
    """Read all documents, a few at a time."""
    reader = Reader()
    return list(await asyncio.gather(*(_measure(reader, *pair) for pair in pairs)))


async def _measure(reader: Reader, path: Path, reference: Path) -> Score:
    wanted = count_words(reference.read_text(encoding="utf-8"))
    try:
        cut = await reader.read(path.name, path.read_bytes(), media_type(path.name), _CHUNK)
    except ItemError as error:
        return Score(path, wanted.total(), 0, 0, error=error.message)
    ours = count_words(cut.text.decode())
    return Score(
        path, wanted.total(), (wanted & ours).total(), ours.total(), sorted((wanted - ours).elements())
    )


def count_words(markdown: str) -> Counter[str]:
    """The words of a text, as often as they occur."""
    text = unicodedata.normalize("NFC", markdown)
    text = data_uris.leave_out(text[front_matter.length(text) :])
    text = _TAG.sub(" ", _ADDRESS.sub("] ", text))
    return Counter(word.casefold() for word in _WORD.findall(text))


def shares(scores: Sequence[Score]) -> dict[str, float]:
    """The share of the reference's words that our texts hold, by format."""
    return {name: _total(of).share for name, of in _by_format(scores).items()}


def _by_format(scores: Sequence[Score]) -> dict[str, list[Score]]:
    found: defaultdict[str, list[Score]] = defaultdict(list)
    for score in scores:
        found[score.format].append(score)
    return dict(sorted(found.items()))


def _worst(scores: Sequence[Score]) -> Score:
    return min(scores, key=lambda score: score.share)


def _total(scores: Sequence[Score]) -> Score:
    """All of some documents as if they were one."""
    wanted, held, ours = (
        sum(getattr(score, name) for score in scores) for name in ("wanted", "held", "ours")
    )
    return Score(_worst(scores).path, wanted, held, ours)


def _show(scores: Sequence[Score], shown: int, console: Console) -> None:
    table = Table("format", "documents", "words", "held", "not in the reference", "worst document")
    formats = _by_format(scores)
    for name, of in [*formats.items(), ("all", list(scores))]:
        total, worst = _total(of), _worst(of)
        more = 1 - total.held / total.ours if total.ours else 0.0
        table.add_row(
            name,
            str(len(of)),
            f"{total.wanted:,}",
            f"{total.share:.2%}",
            f"{more:.2%}",
            escape(f"{worst.path.name} {worst.share:.1%}"),
        )
    console.print(table)
    for score in sorted(scores, key=lambda score: score.share)[:shown]:
        if score.share < 1:
            said = score.error or f"without {' '.join(score.missing[:_SHOWN])}"
            console.print(escape(f"{score.share:.2%} {score.path}: {said}"), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
