"""What teacher and judge must answer to the evaluator. The class names are the names of the JSON schemas."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

WRONG_ANSWERS = 3


def _strip(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise ValueError("is empty")
    return text


def _read_number(value: Any) -> Any:
    """Endpoints that cannot hold to a schema write 7 as "7" or 7.0."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, AfterValidator(_strip)]


class Reply(BaseModel):
    """Ground for replies: what was not asked for is refused."""

    model_config = ConfigDict(extra="forbid")


class Choice(Reply):
    """One question, its answer, and answers that are wrong."""

    question: Text
    answer: Text
    wrong: Annotated[list[Text], Field(min_length=WRONG_ANSWERS, max_length=WRONG_ANSWERS)]
    evidence: Annotated[str, Field(description="copied word for word from the document")]


class ChoiceQuestions(Reply):
    """Questions about the document, to examine with."""

    questions: list[Choice]


class Rating(Reply):
    """A response on a scale of ten; the words come first, so that the number rests on them."""

    explanation: str
    rating: Annotated[int, Field(ge=1, le=10), BeforeValidator(_read_number)]
