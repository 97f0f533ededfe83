import pytest

from seedbed.rehearsal.text.hangul import is_korean, split_particle, with_particle


@pytest.mark.parametrize(
    ("noun", "particle", "joined"),
    [
        ("온돌", "은", "온돌은"),
        ("고래", "은", "고래는"),
        ("굴뚝", "가", "굴뚝이"),
        ("바다", "을", "바다를"),
        ("온돌", "으로", "온돌로"),
        ("굴뚝", "로", "굴뚝으로"),
        ("책", "와", "책과"),
        ("3", "은", "3은"),
        ("2", "은", "2는"),
        ("방", "에서", "방에서"),
    ],
)
def test_particles_fit_the_sound_before_them(noun, particle, joined):
    assert with_particle(noun, particle) == joined


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("온돌은", ("온돌", "은")),
        ("아궁이에서", ("아궁이", "에서")),
        ("데운다", ("데운다", "")),
        ("은", ("은", "")),
    ],
)
def test_particles_are_taken_off(word, parts):
    assert split_particle(word) == parts


def test_korean_is_told_by_its_letters():
    assert is_korean("온돌(ondol)은 난방이다")
    assert not is_korean("The Korean word 온돌 means heating")
    assert not is_korean("123")
