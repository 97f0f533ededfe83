"""What a judge model must answer. The words come before the scores, so that the scores rest on them.

A reply's docstring is in its schema, and with it in the prompt's hash: another wording is another question.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _read_number(value: Any) -> Any:
    """Endpoints that cannot hold to a schema write 1 as "1", 1.0 or true."""
    if isinstance(value, str):
        value = value.strip()
        return int(value) if value.isdecimal() else value
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return value


Flag = Annotated[Literal[0, 1], BeforeValidator(_read_number)]
Relevancy = Annotated[Literal[0, 1, 2], BeforeValidator(_read_number)]
Score = Annotated[Literal[1, 2, 3], BeforeValidator(_read_number)]


class Judgement(BaseModel):
    """Ground for all replies: nothing but the fields asked for."""

    model_config = ConfigDict(extra="forbid")

    explanation: str


class InstructionJudgement(Judgement):
    """Four conditions an instruction must meet."""

    answerable: Flag
    well_formed: Flag
    safe: Flag
    relevant: Flag


class PairJudgement(Judgement):
    """LAB's three-point scale."""

    score: Score


class GroundedJudgement(Judgement):
    """A pair against the document it must rest on."""

    evidence: str = Field(description="copied word for word from the document; empty where there is none")
    faithful: Flag
    relevancy: Relevancy
    standalone: Flag
