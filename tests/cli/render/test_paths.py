import pytest

from seedbed.cli.render.paths import shorten

PATH = "compositional_skills/grounded/linguistics/writing/action_items"


@pytest.mark.parametrize(
    ("width", "short"),
    [
        (80, PATH),
        (45, "compositional_skills/…/writing/action_items"),
        (36, "compositional_skills/…/action_items"),
        (30, "…/writing/action_items"),
        (14, "…/action_items"),
        (8, "…n_items"),
    ],
)
def test_a_path_is_cut_in_the_middle_and_keeps_its_end(width, short):
    assert shorten(PATH, width) == short


def test_wide_letters_count_twice():
    assert shorten("knowledge/한국의/온돌", 10) == "…/온돌"
