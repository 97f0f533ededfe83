"""Who answers: a writer or an expert. Pure, and by words only, so that equal leaves get equal personas.

LAB answers writing and role-play with a creative persona, and everything else with a precise one. What a leaf
wants is read from its task description or, where that says nothing, from the seed's first question: words of
writing, retelling, role-play, verse and stories speak for the writer, unless words of exact work (summaries,
extraction, translation, code, calculation) stand beside them. In doubt the expert answers.
"""

import re

from seedbed.taxonomy.v1.leaf_pb2 import SeedExample

CREATIVE = "creative"
PRECISE = "precise"

_CREATIVE = re.compile(
    r"""
      \b(?:re)?writ(?:e|es|ing)\b | \b(?:rephras|reword|paraphras|retell)
    | \b(?:role-?\ ?play|pretend|impersonat|imagin(?:e|ing)\b|improvis|brainstorm|creativ)
    | \bcompos(?:e|es|ing)\b
    | \b(?:act|speak|talk|answer)(?:s|ing)?\ (?:as|like)\ (?:if|though|an?|the)\b
    | \b(?:poe(?:m|t)|haiku|limerick|sonnet|verses?\b|rhym|lyric|songs?\b|ballad|acrostic)
    | \b(?:story|stories|fairy\ ?tale|fable|fiction|screenplay|monologue|slogan|joke|pun)s?\b
    | \b(?:gedicht|reim|märchen|erzähl|rollenspiel|(?:um)?schreib|dichten\b)
    | \b(?:poème|récit|conte\b|jeu\ de\ rôle|(?:ré)?écri(?:re|s|vez|ture))
    | \b(?:poema|poes[íi]a|cuento|relato|juego\ de\ rol|(?:re)?escrib|(?:re)?escrev)
    | (?<![가-힣])(?:시를|시\ 한\ 편|시\ ?쓰|시\ ?짓|동시를|시조를|삼행시|글짓기|글로\ 써)
    | (?:글|편지|메일|에세이|연설문|초대장|인사말|안내문|광고)\S{0,2}\ ?(?:쓰|써|쓴|작성)
    | (?:다시|고쳐|바꿔|바꾸어)\ ?[쓰써] | 역할극 | 역할\ ?놀이 | 역할을\ ?맡 | 롤플레이 | 인\ 척 | 흉내
    | 이야기를?\ ?(?:짓|지어|만들|쓰|써) | 동화(?!작용) | 소설 | 수필
    | 노랫말 | 작사 | 하이쿠 | 창작 | 상상 | 표어 | 농담
    | 詩|俳句|短歌|物語|小説|童話|作文|書き(?:直|換|替)|言い換え|ロールプレイ|役を演|になりきっ
    | 诗|故事|小说|童话|散文|改写|重写|写作|角色扮演|扮演|歌词|創作|创作
    """,
    re.VERBOSE | re.IGNORECASE,
)

_EXACT = re.compile(
    r"""
      \b(?:summar|extract|classif|categori|translat|calculat|comput(?:e|es|ing)\b|solv|prov(?:e|es|ing)\b)
    | \b(?:count(?:s|ing)?\b|identif|detect|pars(?:e|es|ing)\b|debug|proofread|program|function)
    | \bcod(?:e|es|ing)\b
    | \b(?:sql|json|csv|regex|regular\ expression|quer(?:y|ies)|equation|formula|proofs?\b|unit\ test)
    | \b(?:zusammenfass|übersetz|berechn|extrahier|résum|tradui|calcul|resum|traduc|traduz)
    | 요약|추출|분류|번역|계산|풀이|증명|판별|식별|변환|코드|프로그램|함수|쿼리|수식|맞춤법
    | 要約|抽出|分類|翻訳|計算|証明|コード|摘要|总结|提取|分类|翻译|计算|证明|代码
    """,
    re.VERBOSE | re.IGNORECASE,
)


def persona_of(task_description: str, seed: SeedExample) -> str:
    """Whether the answer is to be `creative` or `precise`, by the words of the task or the first question."""
    first = seed.pairs[0].question if seed.pairs else ""
    for text in (task_description, first):
        if _EXACT.search(text):
            return PRECISE
        if _CREATIVE.search(text):
            return CREATIVE
    return PRECISE
