"""Words and numbers of a text, reduced so that two texts can be compared.

Knows nothing of documents, questions or verdicts.
"""

from __future__ import annotations

import re
from functools import lru_cache

from seedbed.rehearsal.text.hangul import split_particle

WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’-][^\W\d_]+)*")

STOP = frozenset(
    """a about above after again all also although among an and another any are as at be because been
    before being below between both but by can could did do does doing done down during each either else
    even ever every few for from had has have having he her here hers herself him himself his how
    however i if in into is it its itself just least less many may me might more most much must my
    neither no nor not of off often on once one only onto or other others our out over own per quite
    rather said same say says she should since so some such than that the their theirs them then there
    these they this those though through thus to too toward towards under until up upon us very was we
    well were what when where whether which while who whom whose why will with within without would yes
    yet you your 및 등 수 것 때 그 이 저 더 또 또한 그리고 하지만 그러나 즉 있다 있는 하는 한다 된다
    되는 대한 대해 대하여 위해 통해 따라 예 아니요 네""".split()
)
# Words that frame a question and say nothing of its subject.
FRAME = frozenset(
    """account answer asked complete completes come concern figure fill gap regard connection context
    correct describe describes described detail detailed details explain explained explains fact
    following give given gives happen happened known let list mention mentioned missing name named names
    passage person phrase place please question sentence short state stated statement tell term text
    thing true understand understood way word words year period date number 무엇 무엇입니까 무엇인가요
    무엇인가 설명 설명해 주세요 다음 빈칸 들어갈 말은 말 문장 관한 대하여 어디 어디입니까 언제 누구
    누구입니까 어떻게 어떤 알맞은 내용 자세히 관련 관련하여 설명하는 해당하는 까닭 이유 맞습니까 사실
    입니까 합니까""".split()
)
NEGATIONS = frozenset(
    """not no never neither nor none cannot without don't doesn't isn't aren't wasn't weren't can't
    won't didn't""".split()
)
_HANGUL = re.compile(r"[가-힣]")


@lru_cache(maxsize=32_768)
def stem(word: str) -> str:
    """The word without the endings that grammar puts on it."""
    if _HANGUL.search(word):
        return split_particle(word)[0]
    word = word.casefold().replace("’", "'").removesuffix("'s").removesuffix("'")
    if len(word) > 4:
        for ending, instead in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", "")):
            if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) > 2:
                return (word[: -len(ending)] + instead).removesuffix("e")
    return word.removesuffix("e") if len(word) > 3 else word


_STOP_STEMS = frozenset(STOP) | frozenset(stem(word) for word in STOP)
_FRAME_STEMS = frozenset(FRAME) | frozenset(stem(word) for word in FRAME)


def content(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning, numbers among them."""
    found = set()
    for word in WORD.findall(text):
        folded = word.casefold()
        if folded in STOP:
            continue
        reduced = stem(word)
        if reduced not in _STOP_STEMS:
            found.add(reduced)
    return frozenset(found)


def subject_words(question: str) -> frozenset[str]:
    """What a question is about: its content without the words that merely frame it."""
    return frozenset(
        reduced
        for reduced in content(question)
        if reduced not in _FRAME_STEMS and reduced.casefold() not in FRAME
    )


def negated(text: str) -> bool:
    """True where an English text denies something."""
    return any(word in NEGATIONS for word in text.casefold().replace("’", "'").split())
