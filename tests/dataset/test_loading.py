import warnings

import pytest

from seedbed.dataset import write_dataset
from tests.dataset.leaves import make_leaves, make_plan


@pytest.mark.slow
def test_the_hubs_library_reads_the_folder_by_its_card(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets  # noqa: PLC0415

        leaves = make_leaves()
        manifest = write_dataset(tmp_path / "out", make_plan(leaves), leaves)
        cache = str(tmp_path / "cache")
        rows = {file.name: file.rows for file in manifest.files}
        for name in ("knowledge_train_msgs.jsonl", "skills_train_msgs.jsonl"):
            found = datasets.load_dataset("json", data_files=str(tmp_path / "out" / name), cache_dir=cache)[
                "train"
            ]
            assert found.num_rows == rows[name]
            assert found.column_names == ["id", "messages", "metadata", "unmask"]
            assert found.features["metadata"].dtype == "string"
            assert found.features["unmask"].dtype == "bool"
            config = name.partition("_")[0]
            assert (
                datasets.load_dataset(str(tmp_path / "out"), config, cache_dir=cache)["train"].num_rows
                == rows[name]
            )
        assert datasets.load_dataset(str(tmp_path / "out"), cache_dir=cache)["train"].num_rows == 20
        for name in ("samples.parquet", "candidates.parquet"):
            file = str(tmp_path / "out" / name)
            found = datasets.load_dataset("parquet", data_files=file, cache_dir=cache)["train"]
            assert found.num_rows == rows[name]
