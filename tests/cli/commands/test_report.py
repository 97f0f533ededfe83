"""`seedbed report`, on a run that was really made."""

import pytest

from seedbed.cli.commands.report import check_place
from seedbed.kernel.errors import InputError
from tests.cli.stage import ONE_LEAF, TAXONOMY, seedbed


@pytest.mark.slow
async def test_a_run_becomes_a_page(tmp_path):
    state, page = tmp_path / "state", tmp_path / "report.html"
    arguments = ("--teacher", "rehearsal", "--target", "6", "--state", state, "--out", tmp_path / "out")
    made = await seedbed("generate", TAXONOMY, *ONE_LEAF, *arguments, "--json")
    run = made.object["run"]
    ended = await seedbed("report", run, "--state", state, "--out", page, "--json")
    assert ended.code == 0, ended.err
    assert ended.object == {"report": str(page), "run": run, "training": "", "evaluation": ""}
    text = page.read_text()
    assert "6 of 6" in text
    assert "rehearsal teacher" in text


@pytest.mark.parametrize(("name", "why"), [("no/report.html", "there is no folder"), ("", "it is a folder")])
def test_a_page_that_cannot_be_written_is_found_out_before(tmp_path, name, why):
    with pytest.raises(InputError, match=why):
        check_place(tmp_path / name)
