import io

import pyarrow.parquet as pq

from seedbed.dataset.tables import CANDIDATES, SAMPLES, Table
from tests.dataset.leaves import BIRDS, HANOK, TABLES, make_candidate


def write(candidates, schema=SAMPLES):
    file = io.BytesIO()
    table = Table(file, schema)
    for candidate in candidates:
        table.add(candidate)
    table.close()
    return file.getvalue()


def read(data):
    return pq.read_table(io.BytesIO(data)).to_pylist()


def test_a_knowledge_sample_carries_its_whole_pedigree():
    (row,) = read(write([make_candidate(HANOK, 0)]))
    assert row["leaf"] == HANOK
    assert row["question"] == "한옥의 특징 0번은 무엇인가?"
    assert row["headings"] == ["One", "Two"]
    assert row["document_repo"] == "https://example.org/docs.git"
    assert (row["evidence_start"], row["evidence_end"]) == (12, 16)
    assert (row["teacher_step"], row["teacher_model"], row["teacher_version"]) == (
        "knowledge.generate",
        "granite-4",
        2,
    )
    assert row["teacher_temperature"] == 0.7
    assert [making["step"] for making in row["makings"]] == ["knowledge.generate"]
    (verdict,) = row["verdicts"]
    assert verdict["scores"] == [{"name": "faithful", "value": 1}, {"name": "relevancy", "value": 2}]
    assert verdict["explanation"] == "근거가 있다"
    assert verdict["outcome"] == "done"


def test_what_does_not_apply_is_null():
    (row,) = read(write([make_candidate(TABLES, 0)]))
    assert row["context"].startswith("| a")
    for name in ("document", "chunk", "chunk_start", "headings", "evidence_start", "form", "augmentation"):
        assert row[name] is None
    first = make_candidate(BIRDS, 0)
    first.source.evidence_start = first.source.evidence_end = 0
    (row,) = read(write([first]))
    assert row["evidence_start"] is None
    assert row["page"] is None


def test_candidates_say_how_they_ended():
    rejected = make_candidate(BIRDS, 1, "rejected")
    duplicate = make_candidate(BIRDS, 2, "duplicate")
    duplicate.duplicate_of = "abc"
    rows = read(write([rejected, duplicate], CANDIDATES))
    assert [(row["end"], row["reason"], row["duplicate_of"]) for row in rows] == [
        ("rejected", "rejected for a reason", None),
        ("duplicate", "duplicate for a reason", "abc"),
    ]
    assert rows[0]["verdicts"][0]["explanation"] == "It says so."


def test_a_candidate_nothing_was_made_of_yet_has_a_row():
    bare = make_candidate(BIRDS, 1, "duplicate")
    bare.ClearField("makings")
    (row,) = read(write([bare], CANDIDATES))
    assert row["teacher_model"] is None
    assert row["verdicts"] == []


def test_leaves_of_few_rows_share_a_batch():
    file = io.BytesIO()
    table = Table(file, SAMPLES)
    for path in (BIRDS, HANOK, TABLES):
        table.add(make_candidate(path, 0))
    table.close()
    assert table.rows == 3
    assert pq.ParquetFile(io.BytesIO(file.getvalue())).num_row_groups == 1


def test_no_rows_make_a_table_with_all_columns():
    assert pq.read_schema(io.BytesIO(write([]))).equals(SAMPLES)


def test_the_same_rows_make_the_same_bytes():
    candidates = [make_candidate(BIRDS, number) for number in range(2500)]
    assert write(candidates) == write(candidates)
    assert len(read(write(candidates))) == 2500
