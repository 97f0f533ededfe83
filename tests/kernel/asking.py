"""One question to a teacher, as small as can be."""

from pydantic import BaseModel

from seedbed.bus.v1.bus_pb2 import Sampling, Usage
from seedbed.kernel.endpoint.chat_client import Answer, Teacher
from seedbed.kernel.endpoint.prompt import Prompt

SAMPLING = Sampling(temperature=0.5, top_p=0.9, max_tokens=512)
FINE = '{"text": "fine"}'


class Line(BaseModel):
    text: str


PROMPT = Prompt(
    "read", "{% block system %}Read.{% endblock %}{% block user %}{{ document }}{% endblock %}", Line
)


async def ask(teacher: Teacher, document="Bees.", digest="d", usage=None) -> Answer[Line]:
    usage = Usage() if usage is None else usage
    return await teacher.ask(PROMPT, {"document": document}, SAMPLING, digest, usage)
