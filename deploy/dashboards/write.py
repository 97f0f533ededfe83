"""Writes the dashboards: `python -m deploy.dashboards.write`. A test holds them to what writes them."""

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.dashboards import evaluation, run, services, teacher, training

FOLDER = Path(__file__).parent
BOARDS = {
    "run": run.build,
    "services": services.build,
    "teacher": teacher.build,
    "training": training.build,
    "evaluation": evaluation.build,
}


def written() -> dict[Path, str]:
    """Every file, and what stands in it."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return {FOLDER / f"{name}.json": encoder.encode(make().build()) + "\n" for name, make in BOARDS.items()}


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
