"""The dataset card: front matter the Hugging Face hub reads, then text people read. Pure.

What it says comes from the manifest and the documents; names and attributions are data and are escaped.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

import yaml

from seedbed.dataset.documents import Document, Documents
from seedbed.dataset.manifest import (
    CANDIDATES_FILE,
    KNOWLEDGE_FILE,
    MANIFEST_FILE,
    PASSAGES_FILE,
    SAMPLES_FILE,
    SKILLS_FILE,
    Counts,
    Leaf,
    Manifest,
)
from seedbed.pipeline.kinds import Kind, role_of

# `datasets` takes one format for all configurations of a folder, so the tables are not among them.
_CONFIGS = {"knowledge": KNOWLEDGE_FILE, "skills": SKILLS_FILE, "passages": PASSAGES_FILE}
_ABOUT = {
    KNOWLEDGE_FILE: "knowledge for the first phase: passage, question and answer, loss on all (`unmask`)",
    PASSAGES_FILE: "the documents themselves, passage by passage, as plain text",
    SKILLS_FILE: "skills, and the knowledge once more among other passages (RAFT), for the second phase",
    SAMPLES_FILE: "one row a sample with its pedigree: leaf, seed, passage, prompts, models, verdicts",
    CANDIDATES_FILE: "every candidate that is not in the dataset, with its end, scores and the judge's words",
}
_SIZES = ((1000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_REHEARSAL = "rehearsal"


def render_card(manifest: Manifest, documents: Documents, languages: Collection[str]) -> str:
    """The card of a dataset; `languages` as ISO 639-1 codes."""
    front = yaml.safe_dump(
        _front_matter(manifest, documents, languages), sort_keys=False, allow_unicode=True, width=1000
    )
    blocks = [
        "# A dataset grown by Seedbed",
        *_warnings(manifest),
        _introduction(manifest),
        "## Leaves\n\n" + _leaf_table(manifest),
        "## Files\n\n" + _file_table(manifest),
        "## How it was made\n\n" + _step_table(manifest),
        "## Documents\n\n" + "\n\n".join(_describe_documents(documents)),
        "## Licence\n\n" + _licence(manifest, documents),
    ]
    return f"---\n{front}---\n\n" + "\n\n".join(blocks) + "\n"


def rehearsed_models(manifest: Manifest) -> list[str]:
    """The roles that were played by rules instead of a language model."""
    played = {_role(step.step) for step in manifest.steps if step.model.casefold().startswith(_REHEARSAL)}
    return sorted(played, reverse=True)


def _role(step: str) -> str:
    return "judge" if role_of(step) == "judge" else "teacher"


def _front_matter(manifest: Manifest, documents: Documents, languages: Collection[str]) -> dict[str, object]:
    rows = {file.name: file.rows for file in manifest.files}
    # The hub cannot show an empty file, so it is not named to it.
    configs: list[dict[str, object]] = [
        {"config_name": name, "data_files": [{"split": "train", "path": path}]}
        for name, path in _CONFIGS.items()
        if rows.get(path)
    ]
    if configs:
        configs[0]["default"] = True
    total = sum(rows.get(name) or 0 for name in (KNOWLEDGE_FILE, SKILLS_FILE))
    size = next((name for limit, name in _SIZES if total < limit), "1M<n<10M")
    return {
        "pretty_name": "A dataset grown by Seedbed",
        **({"language": sorted(languages)} if languages else {}),
        "license": _hub_licence(manifest, documents),
        "task_categories": ["text-generation", "question-answering"],
        "size_categories": [size],
        "tags": [
            "synthetic",
            "instruction-tuning",
            "seedbed",
            *[_REHEARSAL] * bool(rehearsed_models(manifest)),
        ],
        **({"configs": configs} if configs else {}),
    }


def _hub_licence(manifest: Manifest, documents: Documents) -> str:
    # Skills come from seeds, whose licence the taxonomy does not carry.
    only_documents = all(leaf.kind == Kind.KNOWLEDGE for leaf in manifest.leaves)
    return (documents.common_licence() if only_documents else "") or "other"


def _warnings(manifest: Manifest) -> Iterator[str]:
    played = rehearsed_models(manifest)
    if played:
        yield (
            f"> **REHEARSAL, NOT FOR TRAINING.** The rehearsal teacher played the {' and the '.join(played)}:"
            " rows were made by rules, to try the system out, and not by a language model."
        )
    if manifest.partial:
        missing = f" {len(manifest.missing)} leaves are missing." if manifest.missing else ""
        yield f"> **PARTIAL.** This dataset was written before its run had ended.{missing}"


def _introduction(manifest: Manifest) -> str:
    counts = manifest.counts
    models = {
        role: sorted({step.model for step in manifest.steps if step.model and _role(step.step) == role})
        for role in ("teacher", "judge")
    }
    teacher, judge = (", ".join(map(_code, models[role])) or "none" for role in ("teacher", "judge"))
    return (
        "Synthetic training data by the LAB method: a teacher model wrote questions and answers after the"
        " seed examples and documents of a taxonomy, and a judge weighed each of them.\n\n"
        f"- Samples: {counts.candidates.accepted} of {counts.target} asked for, from {counts.leaves} leaves\n"
        f"- Teacher: {teacher}\n"
        f"- Judge: {judge}\n"
        f"- Taxonomy snapshot: `{manifest.taxonomy}`\n\n"
        "A sample is one question with one judged answer. Rows derived from a sample (RAFT contexts) or from"
        " a passage (summaries, lists of facts) are training rows, too, and are counted apart."
    )


def _leaf_table(manifest: Manifest) -> str:
    ends = ("samples", "target", "rejected", "duplicate", "not needed", "malformed", "failed", "derived rows")
    lines: list[Sequence[object]] = [
        (_code(leaf.path), _text(leaf.kind), *_count(leaf), _text(leaf.reason)) for leaf in manifest.leaves
    ]
    lines.append(("**all**", "", *_count(manifest.counts), ""))
    table = _table(("leaf", "kind", *ends, "why short"), lines)
    return f"{table}\n\nMalformed and failed count items of work, the other ends count candidates."


def _count(counted: Leaf | Counts) -> tuple[int, ...]:
    ends, items, rows = counted.candidates, counted.items, counted.rows
    derived = rows.p07_auxiliary + rows.p10_raft + rows.p10_auxiliary
    return (
        *(ends.accepted, counted.target, ends.rejected, ends.duplicate, ends.unneeded),
        *(items.malformed, items.failed, derived),
    )


def _file_table(manifest: Manifest) -> str:
    lines = [
        (_code(file.name), file.rows, _ABOUT[file.name]) for file in manifest.files if file.name in _ABOUT
    ]
    rows = manifest.counts.rows
    # Cards of datasets without passages are what they were, byte by byte.
    files = "three" if any(file.name == PASSAGES_FILE for file in manifest.files) else "two"
    return _table(("file", "rows", "what it holds"), lines) + (
        f"\n\nOf {rows.p10_raft} RAFT rows, {rows.raft_golden} have the right passage among theirs"
        f" and {rows.raft_few} show fewer than {manifest.raft.documents} passages, as their leaf has no more."
        f" `{MANIFEST_FILE}` has the recipe, all counts and the digest of every file.\n\n"
        f"The {files} files of rows are this dataset's configurations; read the tables with"
        f' `load_dataset("parquet", data_files="{SAMPLES_FILE}")` or any other reader of Parquet.'
    )


def _step_table(manifest: Manifest) -> str:
    lines = []
    for step in manifest.steps:
        how = step.sampling if step.model else None
        sampling = (
            f"temperature {how.temperature:g}, top_p {how.top_p:g}, {how.max_tokens} tokens" if how else ""
        )
        if how and how.parameters:
            sampling += f", {_code(json.dumps(how.parameters, ensure_ascii=False, sort_keys=True))}"
        model = _code(step.model) if step.model else ""
        lines.append(
            (_code(step.step), step.version, model, _code(step.prompt[:12]) if step.prompt else "", sampling)
        )
    return _table(("step", "version", "model", "prompt", "sampling"), lines)


def _describe_documents(documents: Documents) -> Iterator[str]:
    empty = True
    for document, leaves in documents:
        empty = False
        yield _describe_document(document, leaves)
    if empty:
        yield "None: no row rests on a document."


def _describe_document(document: Document, leaves: Sequence[str]) -> str:
    facts = {
        "Source": _code(document.repo) if document.repo else "the taxonomy's own",
        "Commit": _code(document.commit) if document.commit else "",
        "Content": _code(f"sha256:{document.blob}"),
        "Licence": _text(document.licence) or "not stated",
        "Leaves": ", ".join(map(_code, leaves)),
    }
    lines = "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)
    attribution = (
        f"\n\n{_fence(document.attribution)}" if document.attribution else "\n- Attribution: none given"
    )
    return f"### {_code(document.path)}\n\n{lines}{attribution}"


def _licence(manifest: Manifest, documents: Documents) -> str:
    terms = "Rows quote and retell the documents above: their licences and attributions hold for these rows."
    if _hub_licence(manifest, documents) == "other":
        terms += " No one licence is known for the whole."
    return terms + " The terms of the models that wrote them may hold, too."


def _table(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    cells = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in cells)


def _text(text: str) -> str:
    """Text as it is, with nothing in it that Markdown or HTML would act on, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#&~])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Text as code, safe in a table."""
    text = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _fence(text: str) -> str:
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)
