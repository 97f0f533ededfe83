"""`seedbed run`: every stage for real, on a taxonomy of two leaves and a student that is made in a moment."""

import asyncio
from asyncio.subprocess import PIPE

from tests.cli.stage import SEEDBED, TAXONOMY, environment, open_teacher, seedbed
from tests.telemetry.live import TARGET, grow, marks

pytestmark = marks


def test_a_taxonomy_becomes_a_student_and_its_report(live_run):
    found = live_run.ended.object
    assert found["generate"]["samples"] == 2 * TARGET
    assert [phase["name"] for phase in found["train"]["phases"]] == ["base", "knowledge", "skills"]
    gains = [row for row in found["evaluate"]["comparisons"] if row["subject"] == "SUBJECT_GAIN"]
    assert {row["leaf"].partition("/")[0] for row in gains} == {"compositional_skills", "knowledge"}
    page = (live_run.folder / "grown" / "report.html").read_text()
    for section in ("training", "gain", "forgetting"):
        assert f'id="{section}"' in page
    assert (live_run.folder / "grown" / "student" / "config.json").is_file()


async def test_the_same_again_costs_nothing(live_run):
    async with open_teacher(0) as teacher:
        again = await grow(live_run.folder, teacher.url)
    assert again.code == 0, again.err
    found = live_run.ended.object
    assert again.object["generate"]["teacher_calls"] == 0
    assert again.object["train"] == found["train"]
    assert again.object["evaluate"]["name"] == found["evaluate"]["name"]


async def test_a_run_names_the_student_to_talk_to(live_run):
    name, state = live_run.ended.object["generate"]["run"], live_run.folder / "state"
    words = ("chat", name, "--engine", "transformers", "--max-tokens", "8", "--state", state)
    process = await asyncio.create_subprocess_exec(
        *SEEDBED, *map(str, words), stdin=PIPE, stdout=PIPE, env=environment()
    )
    out, _ = await process.communicate(b"What is a seed?\n")
    assert process.returncode == 0
    student = f"{live_run.ended.object['train']['training']}-skills"
    assert f"\n{student}\n" in f"\n{out.decode()}"
    assert f"\n{student}-base\n" in out.decode()


async def test_what_cannot_be_is_found_out_before_anything_is_made(tmp_path):
    ended = await seedbed("run", TAXONOMY, "--teacher", "rehearsal", "--out", tmp_path / "grown")
    assert ended.code == 2
    assert "no student is named" in ended.err
    (tmp_path / "file").write_text("")
    arguments = ("--student", "scratch", "--out", tmp_path / "file" / "grown", "--state", tmp_path / "state")
    ended = await seedbed("run", TAXONOMY, "--teacher", "rehearsal", *arguments)
    assert ended.code == 2
    assert "nothing can be written" in ended.err
    assert not (tmp_path / "state").exists()
