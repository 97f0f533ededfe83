import unicodedata

import pytest

from seedbed.kernel.formats.file_names import is_in_folder


@pytest.mark.parametrize(
    ("glob", "meant"),
    [
        ("knowledge/a [1]", True),
        ("knowledge/a [1]/", True),
        ("knowledge", True),
        ("knowledge/*", True),
        ("knowledge/a", False),
        ("knowledge/a 1", False),
        ("", False),
    ],
)
def test_a_folder_is_meant_by_its_name_or_by_a_pattern(glob: str, meant: bool):  # noqa: FBT001
    assert is_in_folder("knowledge/a [1]", glob) is meant


def test_both_unicode_forms_are_one_name():
    apart = unicodedata.normalize("NFD", "knowledge/한글")
    assert is_in_folder(apart, "knowledge/한글")
    assert is_in_folder("knowledge/한글", apart)
