import re

import yaml

from seedbed.dataset import write_dataset
from tests.dataset.leaves import (
    ATTRIBUTION,
    BIRDS,
    HAIKU,
    HANOK,
    make_leaf,
    make_leaves,
    make_plan,
    message_of,
)


def write_card(folder, leaves, model="granite-4", **options):
    write_dataset(folder, make_plan(leaves, model=model), leaves, **options)
    text = (folder / "README.md").read_text()
    front, _, body = text.removeprefix("---\n").partition("---\n")
    return yaml.safe_load(front), body


def test_front_matter_the_hub_reads(tmp_path):
    front, _ = write_card(tmp_path / "out", make_leaves())
    assert front["language"] == ["en", "ko"]
    assert front["license"] == "other"
    assert "synthetic" in front["tags"]
    assert [config["config_name"] for config in front["configs"]] == [
        "knowledge",
        "skills",
    ]
    assert [config.get("default", False) for config in front["configs"]] == [True, False]
    for config in front["configs"]:
        for file in config["data_files"]:
            assert (tmp_path / "out" / file["path"]).is_file()


def test_empty_files_are_no_configuration(tmp_path):
    front, body = write_card(tmp_path / "out", [make_leaf(HAIKU, others=False)])
    assert [config["config_name"] for config in front["configs"]] == ["skills"]
    assert "None: no row rests on a document." in body
    front, _ = write_card(tmp_path / "none", [make_leaf(HAIKU, 0, others=False)])
    assert "configs" not in front
    assert "language" not in front


def test_a_licence_shared_by_all_documents_is_the_datasets(tmp_path):
    front, _ = write_card(tmp_path / "out", [make_leaf(HANOK), make_leaf(BIRDS)])
    assert front["license"] == "cc-by-sa-4.0"


def test_a_rehearsal_says_so_loudly(tmp_path):
    front, body = write_card(tmp_path / "out", make_leaves(), model="rehearsal")
    assert "rehearsal" in front["tags"]
    assert body.index("REHEARSAL, NOT FOR TRAINING") < body.index("Synthetic")
    assert "rows were made by rules" in body
    front, body = write_card(tmp_path / "real", make_leaves())
    assert "rehearsal" not in front["tags"]
    assert "REHEARSAL" not in body


def test_leaves_are_counted_and_short_ones_say_why(tmp_path):
    _, body = write_card(tmp_path / "out", [make_leaf(HAIKU), make_leaf(BIRDS, 3)])
    assert f"| `{HAIKU}` | freeform\\_skill | 8 | 8 | 2 | 1 | 1 | 1 | 2 | 0 |  |" in body
    assert f"| `{BIRDS}` | knowledge | 3 | 8 | 2 | 1 | 1 | 1 | 2 | 7 | draws spent |" in body
    assert "| **all** |  | 11 | 16 | 4 | 2 | 2 | 2 | 4 | 7 |  |" in body


def test_each_document_has_its_source_licence_and_attribution(tmp_path):
    _, body = write_card(tmp_path / "out", make_leaves())
    assert body.count("### `docs/text.md`") == 2
    assert "- Source: `https://example.org/docs.git`" in body
    assert "- Commit: `c0ffee`" in body
    assert "- Licence: CC-BY-SA-4.0" in body
    assert f"```text\n{ATTRIBUTION}\n```" in body
    assert "token" not in body.replace("512 tokens", "")


def test_names_cannot_break_out_of_the_card(tmp_path):
    leaf = make_leaf(BIRDS, 1)
    message_of(leaf).candidates[0].source.attribution = "```\n<script>\nlicence: a | b ` <b>\n````\n# Owned"
    message_of(leaf).candidates[0].source.document = "a|b`c\n# d.md"
    _, body = write_card(tmp_path / "out", [leaf])
    assert "`````text\n```\n<script>" in body
    assert "### `` a\\|b`c # d.md ``" in body
    assert "- Licence: a \\| b \\` \\<b\\>" in body
    assert not re.search(r"^# d", body, re.MULTILINE)


def test_a_partial_dataset_says_so(tmp_path):
    leaves = make_leaves()
    write_dataset(tmp_path / "out", make_plan(leaves), leaves[:1], partial=True)
    body = (tmp_path / "out" / "README.md").read_text()
    assert "**PARTIAL.** This dataset was written before its run had ended. 3 leaves are missing." in body
