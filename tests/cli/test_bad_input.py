"""What cannot work is said before anything starts, with exit status 2, and leaves nothing half-done."""

import asyncio

import pytest
from aiohttp import web

from tests.cli.stage import TAXONOMY, seedbed, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def generate(tmp_path):
    async def run(*arguments, taxonomy=TAXONOMY, **env):
        places = ("--state", tmp_path / "state", "--out", tmp_path / "dataset")
        ended = await seedbed("generate", taxonomy, *places, *arguments, **env)
        assert not (tmp_path / "dataset").exists()
        return ended

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no teacher is named"),
        (("--teacher", "nonsense"), "is not an address"),
        (("--teacher", "http://127.0.0.1:9/v1"), "needs the name of a model"),
        (
            ("--teacher", "http://127.0.0.1:9/v1", "--model", "m"),
            "the teacher: http://127.0.0.1:9/v1 cannot be reached",
        ),
        (
            ("--teacher", "http://h/v1", "--model", "m", "--api-key-env", "NOPE"),
            "no environment variable NOPE",
        ),
        (("--teacher", "rehearsal", "--target", "-1"), "--target"),
        (("--teacher", "rehearsal", "--recipe", "/nonexistent.yaml"), "cannot be read"),
        (("--teacher", "rehearsal", "--judge", "http://127.0.0.1:9/v1", "--judge-model", "m"), "the judge: "),
        (("--teacher", "rehearsal", "--state", "/dev/null"), "the state folder /dev/null cannot be used"),
        (("--teacher", "rehearsal", "--out", "/dev/null/out"), "cannot be written to /dev/null/out"),
    ],
)
async def test_options_that_cannot_work(generate, arguments, message):
    ended = await generate(*arguments)
    assert ended.code == 2, ended.err
    assert message in " ".join(ended.err.split())
    assert "Traceback" not in ended.err


async def test_a_recipe_that_is_none(generate, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("targets: 3\nshort_share: 7\n")
    ended = await generate("--teacher", "rehearsal", "--recipe", recipe)
    assert ended.code == 2
    assert str(recipe) in ended.err
    assert "recipe.targets: " in ended.err
    assert "recipe.short_share: " in ended.err


async def test_settings_that_nobody_knows(generate):
    ended = await generate("--teacher", "rehearsal", SEEDBED_CONCURENCY="3")
    assert ended.code == 2
    assert "SEEDBED_CONCURRENCY" in ended.err


async def test_a_folder_that_holds_something_else_is_not_written_to(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("")
    ended = await seedbed(
        "generate",
        TAXONOMY,
        "--teacher",
        "rehearsal",
        "--state",
        tmp_path / "state",
        "--out",
        tmp_path / "out",
    )
    assert ended.code == 2
    assert "thesis.tex" in ended.err


BAD_LEAF = """\
version: 2
created_by: someone
task_description: ""
seed_examples:
  - question: what?
    answer: [
"""


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("qna.yaml", BAD_LEAF, "qna.yaml:7:1: error: "),
        ("qna.yaml", "version: 2\nseed_examples: 3\n", "qna.yaml:2:16: error: "),
        ("readme.txt", "", "no leaf"),
    ],
)
async def test_taxonomies_that_cannot_be_read(generate, tmp_path, name, text, message):
    leaf = tmp_path / "taxonomy" / "compositional_skills" / "writing"
    leaf.mkdir(parents=True)
    (leaf / name).write_text(text)
    ended = await generate("--teacher", "rehearsal", taxonomy=tmp_path / "taxonomy")
    assert ended.code == 2, ended.err
    assert message in ended.err
    assert str(tmp_path / "taxonomy") in ended.err


async def test_no_taxonomy_at_all(generate, tmp_path):
    ended = await generate("--teacher", "rehearsal", taxonomy=tmp_path / "nothing")
    assert ended.code == 2
    assert "there is no folder" in ended.err


async def html(_):
    return web.Response(text="<html>hello</html>", content_type="text/html")


async def nothing(_):
    return web.Response()


async def refusal(_):
    return web.Response(status=401)


async def other_models(_):
    return web.json_response({"data": [{"id": "big"}, {"id": "small"}]})


async def forever(_):
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (html, "HTML"),
        (nothing, "answers nothing"),
        (refusal, "refuses the API key"),
        (other_models, "does not know the model 'm'"),
        (forever, "did not answer within 1 seconds"),
    ],
)
async def test_teachers_that_are_none(generate, answer, message):
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with serving(app) as url:
        ended = await generate(
            "--teacher", url, "--model", "m", "--timeout", "1", "--api-key-env", "KEY", KEY="sesame"
        )
    assert ended.code == 2, ended.err
    assert f"the teacher: {url}" in ended.err
    assert message in ended.err
    assert "sesame" not in ended.err + ended.out
