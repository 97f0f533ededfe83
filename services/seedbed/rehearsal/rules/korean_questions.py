"""Questions about Korean sentences, and the words of the sentence that answer them.

Pure patterns on particles; the counterpart of `questions` for Hangul text.
"""

from __future__ import annotations

import re

from seedbed.rehearsal.rules.english_questions import Pair
from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.text.hangul import split_particle, with_particle

_GAP = "____"
_CASES = frozenset(("을", "를", "에서", "의", "으로", "로", "과", "와", "에는", "에서는"))
_TOPIC = re.compile(r"^((?:[^\s,]+ ){0,4}?[^\s,]+?)(은|는|이란|란|이|가) (.+?)[.!]?$")
_BEING = re.compile(r"^(.+?)(?:이다|입니다|이었다|였다)[.!]?$")
_NUMBER = re.compile(r"(?<![\d.])\d[\d,.]*(?:~\d[\d,.]*)?(?:여)? ?(?:[가-힣%℃㎝㎏]{1,3})?")
_BACK = re.compile(
    r"^(?:이|그|저|이것|그것|이들|그들|이는|이때|그때|여기|이런|그런|이러한|그러한|이렇게|그래서|그러나|또한"
    r"|따라서|하지만)\b"
)
_HANGUL = re.compile(r"^[가-힣]+(?: [가-힣]+)?$")
_VERB_END = tuple("다 고 며 면 서 어 아 게 지 는 은 던 려 도록 하 되 므".split())


def ask_short(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    """A question that a phrase or the one sentence answers."""
    if points_back(sentence):
        return None
    for pattern in rng.shuffled((_about_being, _about_subject, _about_number, _about_term, _about_term)):
        pair = pattern(sentence, topic, rng)
        if pair is not None and len(pair.question) < 300 and pair.answer.strip():
            return pair
    return None


def ask_long(first: str, second: str, topic: str, rng: SeededRandom) -> Pair | None:
    """A question that both sentences together answer."""
    nouns = [noun for noun in rng.shuffled(find_nouns(first)) if noun != topic]
    others = [noun for noun in rng.shuffled(find_nouns(second)) if noun not in nouns and noun != topic]
    if not nouns or points_back(first):
        return None
    one, other = nouns[0], others[0] if others else nouns[-1]
    if one == other:
        return None
    about = with_particle(one, "과")
    frames = [f"{topic}에 관한 내용 가운데 {about} {with_particle(other, '은')} 어떻게 설명할 수 있습니까?"]
    frames.append(f"{topic}의 {with_particle(one, '이')} 어떠한지, {other}까지 함께 자세히 설명해 주세요.")
    head = _head(first)
    if head:
        frames.append(f"“{head} …”라는 설명을 {topic}의 {other}까지 이어서 완성해 주세요.")
    return Pair(rng.pick(frames), f"{first} {second}")


def points_back(sentence: str) -> bool:
    """True where the sentence needs the one before it."""
    return bool(_BACK.match(sentence))


def _about_being(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    parts, being = _TOPIC.match(sentence), _BEING.match(sentence)
    if parts is None or being is None or parts[2] not in ("은", "는", "이란", "란"):
        return None
    said = re.sub(r"(?:이다|입니다|이었다|였다)$", "", parts[3])
    question = f"{topic}에 관한 질문입니다. {parts[1]}{parts[2]} 무엇입니까?"
    return Pair(question, rng.pick([said, sentence]))


def _about_subject(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    parts = _TOPIC.match(sentence)
    if (
        parts is None
        or len(parts[1]) < 2
        or parts[1].endswith((*_VERB_END, "에", "에서"))
        or len(parts[3]) < 12
    ):
        return None
    frame = rng.pick(["다음 설명에 해당하는 것은 무엇입니까?", "다음이 설명하는 것은 무엇입니까?"])
    return Pair(f"{topic}에 관한 {frame} “{parts[3]}”", rng.pick([parts[1], sentence]))


def _about_number(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    found = [(match.start(), match.group().strip()) for match in _NUMBER.finditer(sentence)]
    if not found:
        return None
    return _gap(sentence, rng.pick(found), f"{topic}에 관한 다음 문장의 빈칸에 알맞은 수는 무엇입니까?", rng)


def _about_term(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    nouns = find_nouns(sentence)
    if not nouns:
        return None
    noun = rng.pick(nouns)
    frame = rng.pick(["빈칸에 들어갈 말은 무엇입니까?", "빈칸을 채워 주세요."])
    return _gap(sentence, (sentence.index(noun), noun), f"{topic}에 관한 다음 문장의 {frame}", rng)


def _gap(sentence: str, where: tuple[int, str], frame: str, rng: SeededRandom) -> Pair:
    start, answer = where
    gapped = f"{sentence[:start]}{_GAP}{sentence[start + len(answer) :]}"
    return Pair(f"{frame} “{gapped}”", rng.pick([answer, answer, sentence]))


def find_nouns(sentence: str) -> list[str]:
    """What the particles show to be nouns, in order."""
    found = []
    for word in re.findall(r"[가-힣]+", sentence):
        noun, particle = split_particle(word)
        if particle in _CASES and len(noun) >= 2 and not noun.endswith(_VERB_END) and _HANGUL.match(noun):
            found.append(noun)
    return list(dict.fromkeys(found))


def _head(sentence: str) -> str:
    words = sentence.split(" ")
    return " ".join(words[: max(3, len(words) // 2)]) if len(words) > 5 else ""
