import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.evaluator.students import make_student  # isort: skip  skips where lm-eval is missing
from seedbed.evaluator.exams.benchmarks import find_asked
from seedbed.evaluator.exams.standard import STANDARDS, check_benchmarks, run_benchmarks
from seedbed.evaluator.scoring.student import Student
from seedbed.kernel.errors import InputError

pytestmark = pytest.mark.slow

CARD = """\
---
configs:
- config_name: ARC-Challenge
  data_files:
  - {split: train, path: ARC-Challenge/train.parquet}
  - {split: validation, path: ARC-Challenge/validation.parquet}
  - {split: test, path: ARC-Challenge/test.parquet}
---
"""


def write_arc(folder, questions=30):
    """ARC's data set in the form its owners publish, with questions of our own."""
    (folder / "ARC-Challenge").mkdir(parents=True)
    (folder / "README.md").write_text(CARD)
    rows = [
        {
            "id": f"q{n}",
            "question": f"What follows {n}?",
            "choices": {"text": [str(n + 1), str(n + 2), "a hen", "rain"], "label": ["A", "B", "C", "D"]},
            "answerKey": "A",
        }
        for n in range(questions)
    ]
    for split in ("train", "validation", "test"):
        pq.write_table(pa.Table.from_pylist(rows), folder / "ARC-Challenge" / f"{split}.parquet")


def test_a_benchmark_is_run_where_its_data_are_and_named_where_they_are_not(tmp_path):
    student_folder = make_student(tmp_path / "student")
    write_arc(tmp_path / "data" / "arc")
    check_benchmarks(str(tmp_path / "data"))
    found = run_benchmarks(Student(str(student_folder), str(student_folder)), str(tmp_path / "data"))
    assert [one.name for one in found] == [standard.name for standard in STANDARDS]
    by_name = {one.name: one for one in found}
    arc = by_name["arc"]
    assert arc.reason == ""
    assert arc.score is not None
    assert 0 <= arc.score <= 1
    assert arc.standard_error is not None
    assert (arc.questions, arc.shots) == (30, 25)
    assert "there is no" in by_name["mmlu"].reason


@pytest.mark.parametrize("name", ["arc", "hellaswag", "gsm8k"])
@pytest.mark.parametrize("what", ["nothing", "other data"])
def test_a_benchmark_that_was_asked_for_and_cannot_be_read_is_an_error(tmp_path, name, what):
    (tmp_path / name).mkdir()
    if what == "other data":
        rows = pa.Table.from_pylist([{"strange": "row"}])
        for split in ("train", "validation", "test"):
            pq.write_table(rows, tmp_path / name / f"{split}.parquet")
    with pytest.raises(InputError, match=f"the data of {name} in .* cannot be read") as refused:
        check_benchmarks(str(tmp_path))
    assert "a copy of its data set" in refused.value.hint


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda folder: None, "cannot be read"),
        (lambda folder: folder.mkdir(), "holds no benchmark"),
        (lambda folder: (folder / "ARC_challenge").mkdir(parents=True), "holds ARC_challenge, which is no"),
        (lambda folder: folder.write_text("data"), "cannot be read"),
    ],
)
def test_a_folder_of_another_layout_is_told_which_one_it_has_to_have(tmp_path, make, why):
    make(tmp_path / "data")
    with pytest.raises(InputError, match=why) as refused:
        find_asked(tmp_path / "data")
    for name in ("mmlu", "arc", "hellaswag", "winogrande", "gsm8k"):
        assert name in refused.value.hint
