import json

import pytest
from typer.testing import CliRunner

from seedbed.cli.app import app
from tests.cli.stage import TAXONOMY
from tests.knowledge.pdfs import At, Picture, make_pdf
from tests.taxonomy.gardens import BIRDS, garden, knowledge, plant


@pytest.fixture
def run():
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, ["taxonomy", *map(str, arguments)])


@pytest.fixture
def broken(tmp_path):
    leaf = tmp_path / "taxonomy" / "compositional_skills" / "writing"
    leaf.mkdir(parents=True)
    (leaf / "qna.yaml").write_text("version: 2\nseed_examples: 3\n")
    return tmp_path / "taxonomy"


def test_our_own_taxonomy_is_sound(run):
    result = run("lint", TAXONOMY)
    assert result.exit_code == 0, result.output
    assert "0 errors" in result.output


def test_findings_name_file_and_place(run, broken):
    result = run("lint", broken)
    assert result.exit_code == 2
    assert "compositional_skills/writing/qna.yaml:2:16: error: " in result.stdout


def test_findings_for_programs_are_all_there_is_on_stdout(run, broken):
    found = json.loads(run("lint", broken, "--format", "json").stdout)
    assert {row["severity"] for row in found} >= {"error"}
    lines = run("lint", broken, "--format", "github").stdout.splitlines()
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)


def test_a_format_nobody_knows(run, broken):
    assert run("lint", broken, "--format", "xml").exit_code == 2


def test_leaves_are_listed(run):
    rows = [json.loads(line) for line in run("list", TAXONOMY, "--json").stdout.splitlines()]
    kinds = {row["kind"] for row in rows}
    assert kinds == {"knowledge", "freeform_skill", "grounded_skill"}
    assert run("list", TAXONOMY, "--leaf", "knowledge/arts/**", "--json").stdout.count("\n") == 1


def test_what_is_no_repository_cannot_be_compared(run, broken):
    result = run("diff", broken, "HEAD")
    assert result.exit_code == 2
    assert "error: " in result.stderr


def test_contexts_are_looked_up_in_documents_of_any_format(run, tmp_path):
    leaf = "knowledge/science/birds"
    lines = [
        At(f"The {bird} nests in {place} and eats {food}.", 700 - 30 * n)
        for n, (bird, place, food) in enumerate(BIRDS)
    ]
    files = {
        f"{leaf}/qna.yaml": knowledge({"patterns": ["birds.pdf"]}),
        f"{leaf}/birds.pdf": make_pdf([lines]),
    }
    root = plant(garden(tmp_path / "tree"), files)
    assert "0 errors, 0 warnings" in run("lint", root).output
    plant(root, {f"{leaf}/birds.pdf": make_pdf([lines[1:], [Picture()]])})
    result = run("lint", root)
    assert result.exit_code == 0
    assert (
        "the context does not stand in `birds.pdf`: it is not there word for word [context-not-found]"
        in result.stdout
    )
    assert "birds.pdf: page 2 is a picture and was not read" in result.stdout
    told = run("lint", root, "--no-documents")
    assert "contexts were not looked up, as no document was fetched" in " ".join(told.output.split())
    assert "context-not-found" not in told.stdout
