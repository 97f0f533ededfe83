import pytest

from seedbed.skills.persona import CREATIVE, PRECISE, persona_of
from seedbed.taxonomy.v1.leaf_pb2 import QuestionAndAnswer, SeedExample


def seed(question=""):
    return SeedExample(pairs=[QuestionAndAnswer(question=question, answer="…")])


@pytest.mark.parametrize(
    "task",
    [
        "Write haiku in the classical form.",
        "Rewriting a letter in a friendlier tone",
        "Rephrase a sentence.",
        "Role-play: answer as a pirate would.",
        "Pretend to be a museum guide.",
        "Tell short bedtime stories to children.",
        "The teller speaks like a medieval knight",
        "Compose limericks",
        "하이쿠를 짓는다.",
        "계절에 관한 시를 쓴다",
        "아이에게 들려줄 이야기를 짓는 능력",
        "문장을 다른 말투로 바꿔 쓰기",
        "역할극: 조선 시대 상인으로 대답하기",
        "고객에게 보낼 이메일을 작성한다.",
        "Kurze Gedichte über das Wetter",
        "Réécrire une phrase dans un autre style",
        "Escribir cuentos breves",
        "俳句を詠む",
        "写一首关于春天的诗",
    ],
)
def test_the_writer_answers_what_is_written(task):
    assert persona_of(task, seed()) == CREATIVE


@pytest.mark.parametrize(
    "task",
    [
        "",
        "Answer questions about history.",
        "Add and subtract fractions.",
        "Extract the characters and events of a story.",
        "Translate poems from French",
        "Write a function in Python.",
        "Write SQL queries for a question",
        "Summarise short stories in one sentence",
        "Compare two imaginary numbers.",
        "Put the punctuation of a sentence right",
        "이야기에서 인물을 추출한다.",
        "소설을 세 문장으로 요약한다.",
        "파이썬 코드를 작성한다.",
        "도시를 크기 순서로 늘어놓는다.",
        "동시에 일어난 사건을 찾는다.",
        "광합성과 동화작용에 관한 질문에 답한다.",
        "Fragen zur Geschichte der Schweiz",
    ],
)
def test_the_expert_answers_all_else(task):
    assert persona_of(task, seed()) == PRECISE


def test_where_the_task_says_nothing_the_seed_does():
    assert persona_of("To learn how to do it.", seed("Write me a poem about rust.")) == CREATIVE
    assert persona_of("To learn how to do it.", seed("How long is a mile?")) == PRECISE
    assert persona_of("Solve riddles.", seed("Write me a poem about rust.")) == PRECISE


def test_a_seed_without_questions_is_no_reason_to_fail():
    assert persona_of("", SeedExample()) == PRECISE
