from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.text.recast import compare, recast, substitute

STORY = "Anna met Bruno and Carla. Bruno gave Carla 5 apples. How many apples does Carla have?"


def test_the_same_word_becomes_the_same_and_others_stay_apart():
    for seed in range(50):
        told = recast(STORY, frozenset(), SeededRandom(seed))
        mapping = compare(STORY, told)
        assert len(set(mapping.values())) == len(mapping)
        assert substitute(STORY, mapping) == told


def test_what_the_task_is_about_stays():
    assert "synonym" in recast("List a synonym for the word attend.", frozenset({"synonym"}), SeededRandom(1))


def test_korean_particles_follow_the_new_noun():
    told = [
        recast("고양이는 나무를 보았다. 고양이가 나무에서 잤다.", frozenset(), SeededRandom(seed))
        for seed in range(30)
    ]
    assert len(set(told)) > 10
    assert not [text for text in told if "책상는" in text or "거울를" in text or "신문가" in text]


def test_list_marks_and_clock_times_stay():
    told = recast("1. Police 2. Crime, at 12pm", frozenset(), SeededRandom(4))
    assert told.startswith("1. ")
    assert "12pm" in told
