"""Texts that stand in for what somebody meant to write: `TODO`, `<answer here>`, `Question 1`. Pure."""

import re
import unicodedata

# Each is the whole of a text, perhaps with a number and marks.
_WORDS = frozenset(
    """todo tbd tba tbc fixme xxx placeholder lorem ipsum foo bar baz foobar asdf qwerty
    question questions answer answers q a frage antwort platzhalter pregunta respuesta réponse domanda
    risposta pergunta resposta vraag antwoord pytanie odpowiedź otázka odpověď kérdés válasz fråga svar
    spørgsmål spørsmål kysymys vastaus soru cevap вопрос ответ питання відповідь ερώτηση απάντηση
    שאלה תשובה سؤال جواب إجابة سوال پاسخ प्रश्न उत्तर 질문 답변 답 質問 回答 答え 問題 问题 答案
    pertanyaan jawaban""".split()
)
# These with a number alone: each may be the answer to something.
_NUMBERED = frozenset(
    """test sample example text context beispiel kontext ejemplo contexto exemple contexte esempio contesto
    exemplo kontekst контекст пример 예시 문맥 例 文脈 示例 上下文""".split()
)
_TO_BE_DONE = re.compile(
    r"""(?ix)
    ^(?-i:TODO|FIXME|TBD|TBA|XXX)\b(?!\s*(?:list|app|item|is|was|means|stands|comment)) |
    ^(?:todo|to-do|fixme|tbd|tba)\s*[:!–-] |
    \bto\ be\ (?:written|filled\ in|completed|added|determined|decided)\W*$ |
    \bwork\ in\ progress\W*$ |
    ^(?:please\ )?(?:add|insert|enter|write|put|type|fill\ in)\b
        .{0,30}\b(?:questions?|answers?|contexts?|texts?|excerpts?|something)\ here\W*$ |
    ^replace\ (?:me|this(?:\ text)?)\W*$ |
    ^(?:your|the|an?|sample|example|some)\ (?:own\ )?(?:question|answer|context|text|excerpt)
        (?:\ (?:here|goes\ here))?\W*$ |
    \blorem\ ipsum\b |
    \b(?:hier\ (?:einfügen|eintragen|ergänzen)|noch\ (?:auszufüllen|zu\ schreiben)|zu\ ergänzen)\W*$ |
    \b(?:à\ (?:compléter|remplir)|por\ (?:completar|hacer|definir)|da\ (?:completare|definire))\W*$ |
    \b(?:a\ (?:definir|preencher)|nog\ in\ te\ vullen|do\ uzupełnienia|дополнить|будет\ позже)\W*$ |
    작성\s?(?:예정|필요) | 여기에\s.{0,20}(?:입력|작성) | 미정\W*$ |
    ここに.{0,20}(?:入力|記入) | 未定\W*$ |
    待补充 | 待填写 | 待定\W*$ | 在此(?:输入|填写) |
    أدخل\ .{0,20}هنا | הכנס\ .{0,20}כאן
    """
)
_BRACKETED = re.compile(r"^\W*(?:<<?([^<>]{1,80})>>?|\{\{?([^{}]{1,80})\}\}?|\[\[?([^\[\]]{1,80})\]\]?)\W*$")
_BLANK_INSIDE = re.compile(
    r"(?:<|\{\{|\[)\s*(?:your|insert|add|enter|the)\b[^<>{}\[\]]{0,60}(?:>|\}\}|\])|"
    r"(?:<|\{\{|\[)[^<>{}\[\]]{0,60}\bhere\s*(?:>|\}\}|\])",
    re.IGNORECASE,
)
_LEFT_OPEN = re.compile(r"^[\s.…_?\-–—*#]{2,}$|^…$")
_KNOWN = (
    # What the README shows as an example.
    "An excerpt of the document, word for word, a few sentences long.",
)
_MOST_WORDS = 2
_NUMBERS_AND_MARKS = re.compile(r"[\W\d_]+")


def find_placeholder(text: str) -> str:
    """What of a text is still to be written: the words, or ""."""
    folded = unicodedata.normalize("NFC", text).strip()
    if _LEFT_OPEN.match(folded) or folded in _KNOWN or _is_bare(folded):
        return folded
    if (bracketed := _BRACKETED.match(folded)) and _is_named(next(filter(None, bracketed.groups()))):
        return folded
    for pattern in (_TO_BE_DONE, _BLANK_INSIDE):
        if found := pattern.search(folded):
            return found[0].strip()
    return ""


def _is_bare(text: str) -> bool:
    """Whether a text is but the name of what belongs there, perhaps with a number."""
    words = [word for word in _NUMBERS_AND_MARKS.split(text.casefold()) if word]
    numbered = any(map(str.isdecimal, text))
    known = all(word in _WORDS or (numbered and word in _NUMBERED) for word in words)
    # `Q1` stands in for a question; `A` may be one's answer.
    return known and 0 < len(words) <= _MOST_WORDS and (numbered or len("".join(words)) > 1)


def _is_named(inside: str) -> bool:
    words = _NUMBERS_AND_MARKS.split(inside.casefold())
    return any(word in _WORDS for word in words) or "here" in words
