"""English sentences taken apart: opening, subject, verb, noun phrases.

A short list of verbs instead of a grammar: a sentence that does not fit is simply left whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from seedbed.rehearsal.text.words import STOP

AUXILIARIES = frozenset(
    "is are was were has have had can could may might must will would shall should".split()
)
# base: third person, past
_FORMS = """add:adds,added appear:appears,appeared become:becomes,became belong:belongs,belonged
begin:begins,began breed:breeds,bred bring:brings,brought build:builds,built call:calls,called
carry:carries,carried cause:causes,caused change:changes,changed coin:coins,coined come:comes,came
compare:compares,compared consist:consists,consisted contain:contains,contained cover:covers,covered
create:creates,created depend:depends,depended describe:describes,described
develop:develops,developed differ:differs,differed eat:eats,ate emerge:emerges,emerged
enter:enters,entered feed:feeds,fed find:finds,found follow:follows,followed form:forms,formed
give:gives,gave go:goes,went grow:grows,grew help:helps,helped hold:holds,held
include:includes,included increase:increases,increased introduce:introduces,introduced
keep:keeps,kept last:lasts,lasted lay:lays,laid lead:leads,led learn:learns,learned
leave:leaves,left live:lives,lived lose:loses,lost make:makes,made meet:meets,met move:moves,moved
need:needs,needed occur:occurs,occurred open:opens,opened perform:performs,performed
play:plays,played prefer:prefers,preferred produce:produces,produced promote:promotes,promoted
protect:protects,protected provide:provides,provided publish:publishes,published raise:raises,raised
range:ranges,ranged reach:reaches,reached receive:receives,received release:releases,released
remain:remains,remained remove:removes,removed report:reports,reported require:requires,required
roost:roosts,roosted seem:seems,seemed send:sends,sent show:shows,showed sing:sings,sang
sleep:sleeps,slept start:starts,started stay:stays,stayed stop:stops,stopped store:stores,stored
study:studies,studied suggest:suggests,suggested support:supports,supported take:takes,took
tend:tends,tended turn:turns,turned use:uses,used vary:varies,varied weigh:weighs,weighed
win:wins,won work:works,worked write:writes,wrote
"""


def _read_tenses(forms: str) -> dict[str, tuple[str, str]]:
    tenses: dict[str, tuple[str, str]] = {}
    for entry in forms.split():
        base, others = entry.split(":")
        third, past = others.split(",")
        tenses |= {past: (base, "did"), third: (base, "does"), base: (base, "do")}
    return tenses


_TENSES = _read_tenses(_FORMS)
PRONOUNS = frozenset(
    "it they he she this that these those there we i you who which such one both some many".split()
)
_ANAPHORA = re.compile(r"\b(?:he|she|him|his|her|hers|this|these|those|latter|former|such)\b", re.IGNORECASE)
_OPENING = re.compile(
    r"^(?:(?:in|on|at|by|during|since|after|before|until|from|for|among|under|within|with|between|over)\b"
    r"[^,;:.]{2,60}"
    r"|however|also|then|later|today|usually|often|sometimes|finally|instead"
    r"|therefore|meanwhile|in addition), ",
    re.IGNORECASE,
)
_CONJUNCTIONS = frozenset("although though while when if as because whereas despite unless once".split())
_ADJECTIVE = re.compile(r"(?:ed|ing|ive|ous|ful|al|ent|ant|ult|able|er|est|less)$")
_PHRASE_WORD = re.compile(r"[A-Za-z][\w'’-]*|\d[\d.,–-]*|[^\sA-Za-z\d]")
_NOT_IN_PHRASE = (
    AUXILIARIES | frozenset(_TENSES) | STOP | frozenset("including known called named based".split())
)


@dataclass(frozen=True, slots=True)
class Parts:
    """`opening`, `subject` `verb` `rest`: a plain sentence in its order."""

    opening: str
    subject: str
    verb: str
    rest: str


def take_apart(sentence: str) -> Parts | None:
    """The parts of a sentence, or None where it does not fit the pattern."""
    opening = _OPENING.match(sentence)
    body = sentence[opening.end() :] if opening else sentence
    words = body.rstrip(".!?").split(" ")
    if words[0].casefold() in _CONJUNCTIONS:
        return None
    for place, word in enumerate(words[1:10], start=1):
        if word[-1:] in ",;:":
            return None
        if word not in AUXILIARIES and word not in _TENSES:
            continue
        before = words[place - 1].casefold()
        if before in (
            "to",
            "the",
            "a",
            "an",
            "of",
            "and",
            "or",
            "that",
            "which",
            "who",
            "in",
            "by",
            "for",
            "its",
        ):
            continue
        rest = " ".join(words[place + 1 :])
        if not rest:
            return None
        return Parts(opening.group().rstrip(", ") if opening else "", " ".join(words[:place]), word, rest)
    return None


def do_support(verb: str) -> tuple[str, str] | None:
    """`laid` → (`lay`, `did`); None for auxiliaries and unknown verbs."""
    return _TENSES.get(verb)


def is_pronoun(subject: str) -> bool:
    """True where the subject points to something said before."""
    return subject.casefold() in PRONOUNS or subject.split(" ", 1)[0].casefold() in (
        "this",
        "these",
        "those",
        "such",
    )


def points_back(text: str) -> bool:
    """True where words of the text need what stands before it."""
    return bool(_ANAPHORA.search(text)) or text.split(" ", 1)[0].casefold() in (
        "it",
        "they",
        "its",
        "their",
        "however",
    )


def lower_first(text: str) -> str:
    """The text as it reads inside a sentence: articles and the like lose their capital."""
    first = text.split(" ", 1)[0]
    return text[0].lower() + text[1:] if first.casefold() in STOP and first != "I" else text


def noun_phrases(sentence: str) -> list[str]:
    """Runs of words that carry meaning: what a sentence can be asked about."""
    found, run = [], list[str]()
    for word in [*_PHRASE_WORD.findall(sentence), "."]:
        folded = word.casefold()
        if word[0].isalnum() and folded not in _NOT_IN_PHRASE and not folded.endswith("ly"):
            run.append(word)
            continue
        if _is_phrase(run):
            found.append(" ".join(run).rstrip(",.–-"))
        run = []
    return found


def _is_phrase(run: list[str]) -> bool:
    if not 0 < len(run) <= 4 or run[0][0].isdigit() or len(run[-1]) < 4 or len(" ".join(run)) < 6:
        return False
    return not run[-1].endswith("ed") if len(run) > 1 else not _ADJECTIVE.search(run[0])
