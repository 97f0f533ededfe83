"""The counts of modules, lines and entries."""

from pathlib import PurePosixPath

from benchmarks.layout import count_entries, describe, list_modules

MODULES = {
    PurePosixPath(name): lines
    for name, lines in {
        "__init__.py": 3,
        "cli/__init__.py": 1,
        "cli/app.py": 100,
        "cli/stack/__init__.py": 1,
        "cli/stack/ports.py": 39,
        "kernel/errors.py": 200,
    }.items()
}


def test_modules_and_folders_that_stand_side_by_side_are_counted():
    assert count_entries(MODULES) == {".": 2, "cli": 2, "cli/stack": 1, "kernel": 1}


def test_what_a_folder_is_for_counts_as_no_module():
    assert list(describe(MODULES))[:3] == [
        "3 modules, 339 lines",
        "median 100 lines, longest 200",
        "1 modules under 40 lines",
    ]


def test_the_working_tree_is_read_without_its_stubs():
    found = dict(list_modules(""))
    assert found[PurePosixPath("kernel/errors.py")] > 100
    assert not any(path.stem.endswith("_pb2") for path in found)
