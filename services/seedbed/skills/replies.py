"""What a teacher must answer. The class names are the names of the JSON schemas."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _strip(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("is empty")
    return text


def _hold_one(texts: list[str]) -> list[str]:
    texts = [text.strip() for text in texts if text.strip()]
    if not texts:
        raise ValueError("holds nothing")
    return texts


Text = Annotated[str, AfterValidator(_strip)]
# A blank line among good instructions costs only itself.
Texts = Annotated[list[str], AfterValidator(_hold_one)]


class SkillContext(BaseModel):
    """A new context for the task."""

    model_config = ConfigDict(extra="forbid")

    context: Text


class Instructions(BaseModel):
    """New instructions for the task."""

    model_config = ConfigDict(extra="forbid")

    instructions: Texts


class SkillResponse(BaseModel):
    """The answer to the instruction."""

    model_config = ConfigDict(extra="forbid")

    response: Text
