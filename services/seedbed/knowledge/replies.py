"""What a teacher must answer. The class names are the names of the JSON schemas."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _strip(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("is empty")
    return text


class Reply(BaseModel):
    """Ground for replies: what was not asked for is refused."""

    model_config = ConfigDict(extra="forbid")


class Pair(Reply):
    """One question with its answer."""

    # A blank one is let in here and dropped later: it costs itself only, not the whole reply.
    question: str
    answer: str


class KnowledgePairs(Reply):
    """Questions about the document with answers out of it."""

    pairs: list[Pair]


def _strip_all(lines: list[str]) -> list[str]:
    kept = [line.strip() for line in lines if line.strip()]
    if not kept:
        raise ValueError("has no line")
    return kept


class Retelling(Reply):
    """The passage, retold line by line."""

    # A list goes on where one long text of a small model ends after a sentence or two.
    lines: Annotated[list[str], AfterValidator(_strip_all)]


class Augmentation(Reply):
    """The document in another form."""

    text: Annotated[str, AfterValidator(_strip)]
