from pydantic import BaseModel

from seedbed.bus.v1.bus_pb2 import Sampling, Usage
from seedbed.kernel.endpoint.chat_client import Teacher
from seedbed.kernel.endpoint.endpoint import Endpoint
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.kernel.endpoint.role_models import endpoints_of
from seedbed.kernel.settings import load_settings
from tests.kernel.fake_endpoint import Endpoint as Server


class Word(BaseModel):
    text: str


PROMPT = Prompt("word", "{% block system %}s{% endblock %}{% block user %}u{% endblock %}", Word)


async def ask(endpoint):
    teacher = Teacher(endpoint)
    try:
        await teacher.ask(PROMPT, {}, Sampling(max_tokens=64), "digest", Usage())
    finally:
        await teacher.close()


async def test_a_vllm_server_is_asked_through_its_own_interface():
    server = Server()
    await server.start()
    try:
        await ask(Endpoint(server.url, "tiny", dialect="vllm", priority=1))
        await ask(Endpoint(server.url, "tiny"))
    finally:
        await server.stop()
    own, common = server.bodies
    assert own["structured_outputs"] == {"json": PROMPT.schema}
    assert own["priority"] == 1
    assert "response_format" not in own
    assert common["response_format"]["json_schema"]["schema"] == PROMPT.schema
    assert "priority" not in common


def test_judging_goes_before_generating_where_there_are_priorities():
    settings = load_settings({"SEEDBED_TEACHER_URL": "http://h/v1", "SEEDBED_TEACHER_DIALECT": "vllm"})
    (teacher,), (judge,) = endpoints_of(settings, "teacher"), endpoints_of(settings, "judge")
    assert judge.priority < teacher.priority
    plain = load_settings({"SEEDBED_TEACHER_URL": "http://h/v1"})
    assert endpoints_of(plain, "teacher")[0].priority == endpoints_of(plain, "judge")[0].priority == 0
