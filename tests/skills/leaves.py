"""Skill leaves in small."""

from seedbed.taxonomy.v1.leaf_pb2 import Leaf, QuestionAndAnswer, SeedExample

HAIKU = SeedExample(
    pairs=[QuestionAndAnswer(question="Write a haiku about the sea.", answer="Salt on the harbour")]
)
HANGUL = SeedExample(
    pairs=[QuestionAndAnswer(question="다음 문장을 존댓말로 바꿔 줘: 밥 먹었어?", answer="식사하셨습니까?")]
)
TABLE = SeedExample(
    context="| city | people |\n|---|---|\n| Bern | 134000 |\n| Thun | 43000 |",
    pairs=[QuestionAndAnswer(question="Which city has more people?", answer="Bern.")],
)


def make_leaf(**changes: object) -> Leaf:
    values = {
        "path": "compositional_skills/writing/haiku",
        "kind": "freeform_skill",
        "branch": "compositional_skills",
        "version": 2,
        "created_by": "someone",
        "task_description": "Write haiku.",
        "seeds": [HAIKU],
    }
    return Leaf(**{**values, **changes})  # type: ignore[arg-type]
