from seedbed.knowledge.pairs import sift
from seedbed.taxonomy.v1.leaf_pb2 import QuestionAndAnswer, SeedExample

ENGLISH = SeedExample(
    context="Bees.",
    pairs=[QuestionAndAnswer(question="What does a worker bee lack?", answer="Full reproductive capacity.")],
)
KOREAN = SeedExample(
    context="정악.",
    pairs=[QuestionAndAnswer(question="정악은 어디에서 연주되었습니까?", answer="궁중입니다.")],
)


def ends(seed: SeedExample, *pairs: tuple[str, str]) -> list[tuple[str, str]]:
    given = [QuestionAndAnswer(question=question, answer=answer) for question, answer in pairs]
    return [(sifted.end, sifted.reason) for sifted in sift(given, seed, 0.7)]


def test_new_pairs_go_on():
    assert (
        ends(ENGLISH, ("Where do bees live?", "In hives."), ("Who rules them?", "A queen.")) == [("", "")] * 2
    )


def test_blank_ones_are_dropped():
    assert ends(ENGLISH, ("", "In hives."), ("Where?", " ")) == [("rejected", "empty")] * 2


def test_repeating_the_seed_or_one_another_is_a_duplicate():
    assert ends(
        ENGLISH,
        ("What does the worker bee lack?", "x"),
        ("Where do bees live?", "In hives."),
        ("where do bees  live??", "In hives."),
    ) == [
        ("duplicate", "like a question of the seed"),
        ("", ""),
        ("duplicate", "like question 2 of the same reply"),
    ]


def test_korean_seeds_want_korean_pairs():
    assert ends(
        KOREAN,
        ("정악의 세 갈래는 무엇입니까?", "아악, 당악, 향악입니다."),
        ("What are the three kinds?", "Aak, dangak and hyangak."),
        ("What is 정악?", "It is the refined music of the royal court and of the learned in Korea."),
        ("방송사 KBS의 정식 이름은 무엇입니까?", "Korean Broadcasting System입니다."),
        ("그해는 언제입니까?", "1116"),
    ) == [("", ""), ("rejected", "language"), ("rejected", "language"), ("", ""), ("", "")]


def test_english_seeds_want_english_pairs():
    assert ends(
        ENGLISH, ("정악은 무엇입니까?", "음악입니다."), ("What is 아악 (aak)?", "Ritual music of the court.")
    ) == [
        ("rejected", "language"),
        ("", ""),
    ]
