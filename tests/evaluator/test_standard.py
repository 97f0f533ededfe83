import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.evaluator.students import make_student  # isort: skip  skips where lm-eval is missing
from seedbed.evaluator.standard import STANDARDS, run_benchmarks
from seedbed.evaluator.student import Student

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
    (tmp_path / "data" / "hellaswag").mkdir()
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
    assert by_name["hellaswag"].score is None
    assert "cannot be read" in by_name["hellaswag"].reason
