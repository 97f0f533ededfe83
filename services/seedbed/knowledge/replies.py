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


class Augmentation(Reply):
    """The document in another form."""

    text: Annotated[str, AfterValidator(_strip)]
