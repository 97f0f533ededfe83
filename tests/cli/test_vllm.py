"""vLLM servers of the command's own: how they are found and started; and a real one, at the end."""

import asyncio
import json
import os
import re
import sys

import aiohttp
import pytest

from seedbed.cli.endpoints import Wanted, choose_endpoints
from seedbed.cli.vllm import Build, find_vllm, make_program
from seedbed.kernel.errors import InputError, NotFound
from seedbed.kernel.settings import load_settings
from tests.cli.stage import TAXONOMY, finish, seedbed, start

BARE = load_settings({})


def choose(**wanted):
    return choose_endpoints(Wanted(**wanted), BARE, {})


def words_of(build, **environ):
    program = make_program("vllm-1", "org/m", "org/m", 8123, build, BARE, environ=environ)
    return program, " ".join(program.argv)


def test_weights_by_name_keep_their_name(tmp_path):
    endpoints = choose(teacher="vllm:org/m")
    assert (endpoints.teacher.weights, endpoints.teacher.model) == ("org/m", "org/m")
    assert endpoints.judge is None


def test_weights_in_a_folder_go_by_its_name_as_a_path_is_of_one_machine(tmp_path):
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    endpoint = choose(teacher=f"vllm:{folder}").teacher
    assert (endpoint.weights, endpoint.model) == (str(folder), "my-model")
    assert choose(teacher=f"vllm:{folder}", model="other").teacher.model == "other"


def test_another_model_to_judge_is_a_server_of_its_own():
    endpoints = choose(teacher="vllm:org/m", judge_model="org/j")
    assert endpoints.judge.weights == "org/j"


@pytest.mark.parametrize("source", ["vllm:", "vllm:/no/such/folder", "vllm:."])
def test_weights_that_are_not_there_are_refused_at_once(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="--teacher"):
        choose(teacher=source)


def test_a_server_knows_priorities_and_writes_no_endless_white_space():
    program, words = words_of(Build("py", "0.33.0", cpu=False))
    assert words.startswith("py -m vllm.entrypoints.openai.api_server --model org/m ")
    assert "--scheduling-policy priority" in words
    assert "disable_any_whitespace" in words
    assert "VLLM_CPU_KVCACHE_SPACE" not in program.env


def test_a_server_on_cpus_has_room_for_keys_unless_the_caller_says_otherwise():
    program, _ = words_of(Build("py", "0.32.0", cpu=True))
    assert int(program.env["VLLM_CPU_KVCACHE_SPACE"]) > 0
    own, _ = words_of(Build("py", "0.32.0", cpu=True), VLLM_CPU_KVCACHE_SPACE="7", SEEDBED_X_API_KEY="k")
    assert own.env["VLLM_CPU_KVCACHE_SPACE"] == "7"
    assert "k" not in own.env.values()


def test_where_there_is_no_vllm_it_says_what_to_do(monkeypatch):
    with pytest.raises(NotFound, match="has no vLLM") as caught:
        find_vllm(load_settings({"SEEDBED_VLLM_PYTHON": sys.executable}))
    assert "SEEDBED_VLLM_PYTHON" in caught.value.hint
    with pytest.raises(InputError, match="does not run"):
        find_vllm(load_settings({"SEEDBED_VLLM_PYTHON": "/no/python"}))


async def last_metrics(process, ports, pause=0.3):
    """What the server last said of itself before it was stopped."""
    said = ""
    async with aiohttp.ClientSession() as session:
        while process.returncode is None:
            await asyncio.sleep(pause)
            try:
                port = json.loads(ports.read_text())["vllm-1"]
                async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                    said = await answer.text() if answer.status == 200 else said
            except (OSError, KeyError, ValueError, aiohttp.ClientError):
                continue
    return said


def total(metrics, name):
    return sum(float(value) for value in re.findall(rf"^{name}{{.*}} (\S+)$", metrics, re.MULTILINE))


# Requests that bear seeds end its engine now and then: "CPU Generator does not use offset" (0.32.0).
@pytest.mark.skipif("SEEDBED_VLLM" not in os.environ, reason="SEEDBED_VLLM=1 asks for a run with a real vLLM")
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_run_with_a_real_vllm_of_its_own_has_every_reply_by_its_schema(vllm, tmp_path):
    model = vllm.make_model(tmp_path / "tiny")
    recipe = tmp_path / "recipe.yaml"
    # Random weights pass hardly a gate: enough rounds to ask of every kind, and no more.
    recipe.write_text("target: 4\nmax_rounds: 2\n")
    state, out = tmp_path / "state", tmp_path / "out"
    leaves = [word for leaf in ("knowledge/science/**", "**/writing/**") for word in ("--leaf", leaf)]
    process = await start(
        *("generate", TAXONOMY, "--teacher", f"vllm:{model}", "--recipe", recipe, *leaves),
        *("--state", state, "--out", out, "--json"),
        SEEDBED_VLLM_PYTHON=vllm.python,
        SEEDBED_VLLM_ARGUMENTS="--enforce-eager",
    )
    metrics, ended = await asyncio.gather(last_metrics(process, state / "ports.json"), finish(process, 240))
    assert ended.code in (0, 3), ended.err
    assert ended.object["teacher_calls"] > 20
    assert total(metrics, "vllm:prefix_cache_hits_total") > 0
    letters = await seedbed("dead", "list", "--state", state, "--json")
    assert "JSON" not in letters.out
    assert {leaf["failed"] for leaf in ended.object["leaves"]} == {0}
