"""vLLM servers of the command's own: how they are found and started; and a real one, at the end."""

import asyncio
import json
import re
import sys

import aiohttp
import pytest

from seedbed.cli.reach.endpoints import Wanted, choose_endpoints
from seedbed.cli.reach.students import find_student
from seedbed.cli.render.screen import Screen
from seedbed.cli.stack.model_servers.engines import put_on
from seedbed.cli.stack.model_servers.vllm import (
    Build,
    ask_prefixes,
    describe_prefixes,
    find_vllm,
    make_program,
    serve_weights,
)
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import InputError, NotFound
from seedbed.kernel.settings import load_settings
from tests.cli.stage import TAXONOMY, open_teacher, seedbed
from tests.cli.witness import open_witness

BARE = load_settings({})


def choose(**wanted):
    return choose_endpoints(Wanted(**wanted), BARE, {})


def words_of(build, **environ):
    program = make_program("vllm-1", "org/m", "org/m", 8123, build, BARE, environ=environ)
    return program, " ".join(program.argv)


def test_a_server_is_not_told_to_do_without_the_vectors_that_it_compiles_for():
    build = Build("/v/python", "0.32.0", cpu=True)
    for said, left in (("default", None), ("avx2", "avx2")):
        program, _ = words_of(build, ATEN_CPU_CAPABILITY=said)
        assert program.env.get("ATEN_CPU_CAPABILITY") == left


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
    assert "chunked-prefill" not in words
    assert "VLLM_CPU_KVCACHE_SPACE" not in program.env


def test_a_server_on_cpus_reads_prompts_whole_and_has_room_for_keys_unless_the_caller_says_otherwise():
    program, words = words_of(Build("py", "0.32.0", cpu=True))
    assert "--no-enable-chunked-prefill" in words
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


RANK = 8
TAKES_ADAPTERS = ("--enable-lora", "--max-lora-rank", str(RANK))
# Random weights pass no gate but those that stand open.
RECIPE = {
    "target": 12,
    "max_rounds": 2,
    "gates": {"pair_score": 1, "faithful": 0, "relevancy": 0, "standalone": 0, "evidence": False},
}
PHASE = {"name": "all", "data": [{}], "learning_rate": 0.01, "batch_samples": 8, "context": 4096}
TRAINING = {"precision": "float32", "lora": {"rank": RANK, "alpha": 64}, "phases": [PHASE]}
KINDS = ("knowledge/science/**", "**/writing/**")


async def ask(url, model, text, **more):
    """The likelihood of each token of an answer."""
    messages = [{"role": "user", "content": text}]
    body = {"model": model, "messages": messages, "max_tokens": 8, "logprobs": True, **more}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/chat/completions", json=body) as answer,
    ):
        assert answer.status == 200, await answer.text()
        (choice,) = (await answer.json())["choices"]
        return [token["logprob"] for token in choice["logprobs"]["content"]]


async def generate(model, url, place):
    """A dataset with every kind of leaf, made by a server that runs already."""
    (place / "recipe.yaml").write_text(json.dumps(RECIPE))
    leaves = [word for leaf in KINDS for word in ("--leaf", leaf)]
    state, out = place / "state", place / "dataset"
    async with open_witness(url) as witness:
        ended = await seedbed(
            *("generate", TAXONOMY, "--teacher", f"vllm:{model}", "--recipe", place / "recipe.yaml", *leaves),
            *("--state", state, "--out", out, "--json"),
            SEEDBED_VLLM_URL=witness.url,
            SEEDBED_TEACHER_DIALECT="vllm",
        )
    assert ended.code in (0, 3), ended.err
    assert "serves tiny already" in ended.err
    assert witness.faults == []
    # All but the look before the run.
    calls = [body for body in witness.bodies if body["structured_outputs"]["json"]["title"] != "Look"]
    assert len(calls) == ended.object["teacher_calls"] > 20
    # Judging goes first.
    assert {body.get("priority", 0) for body in witness.bodies} == {0, 1}
    assert ended.object["dead"] == 0
    assert all(leaf["accepted"] for leaf in ended.object["leaves"]), ended.object["leaves"]
    return out


async def train(dataset, model, place):
    """The folder of an adapter that was trained on it."""
    (place / "training.yaml").write_text(json.dumps(TRAINING))
    places = ("--state", place / "training", "--out", place / "student")
    ended = await seedbed(
        "train", dataset, "--model", model, "--training-recipe", place / "training.yaml", *places
    )
    assert ended.code == 0, ended.err
    return place / "student"


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_what_a_real_vllm_teaches_comes_back_as_an_adapter_on_the_same_running_server(
    vllm, tmp_path, monkeypatch, capsys
):
    model = vllm.make_model(tmp_path / "tiny")
    monkeypatch.setenv("VLLM_ALLOW_RUNTIME_LORA_UPDATING", "1")
    arguments = " ".join(("--enforce-eager", *TAKES_ADAPTERS))
    settings = load_settings({"SEEDBED_VLLM_PYTHON": vllm.python, "SEEDBED_VLLM_ARGUMENTS": arguments})
    wanted = choose_endpoints(Wanted(teacher=f"vllm:{model}"), settings, {})
    state = StateFolder(tmp_path / "serving")
    with state.hold("serve"):
        async with serve_weights(wanted, state, settings, Screen()) as endpoints:
            url = endpoints.teacher.url
            assert endpoints.teacher.dialect == "vllm"
            # More than it reads in one step: where it reads prompts in parts, seeds end its engine.
            await asyncio.gather(*(ask(url, "tiny", f"{n} " + "seed " * 900, seed=n) for n in range(16)))
            dataset = await generate(model, url, tmp_path)
            student = await find_student(str(await train(dataset, model, tmp_path)), "", None, tmp_path)
            assert student.tuned.weights == str(model)
            await put_on([student.tuned], {student.tuned.name: url})
            base, tuned = [
                await ask(url, name, "What is a seed?", temperature=0)
                for name in ("tiny", student.tuned.name)
            ]
            assert base != tuned
    assert re.search(r"had [1-9][\d,]* of [\d,]+ tokens of prompts", capsys.readouterr().out)


def metrics(*engines):
    """As vLLM writes them."""
    lines = ["# HELP vllm:prefix_cache_hits_total Prefix cache hits, in terms of number of cached tokens."]
    for number, (queries, hits) in enumerate(engines):
        labels = f'{{engine="{number}",model_name="org/m"}}'
        lines += [f"vllm:prefix_cache_queries_total{labels} {queries}"]
        lines += [f"vllm:prefix_cache_hits_total{labels} {hits}"]
    return "\n".join(lines)


def test_engines_are_added_up():
    assert describe_prefixes(metrics((1000.0, 250.0))) == "250 of 1,000 tokens of prompts (25%)"
    assert describe_prefixes(metrics((1.5e6, 1e6), (5e5, 5e5))).startswith("1,500,000 of 2,000,000")


def test_nothing_is_said_of_a_server_that_was_not_asked_or_does_not_count():
    assert describe_prefixes(metrics((0.0, 0.0))) == ""
    assert describe_prefixes("") == ""


async def test_nothing_is_said_where_nothing_answers_or_another_kind_of_server():
    async with open_teacher(0) as teacher:
        assert await ask_prefixes(teacher.url) == ""
    assert await ask_prefixes(teacher.url) == ""
