"""The walls of the house: who may import whom."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "services" / "seedbed"

# What imports by a name that the contracts do not see.
BACK_DOORS = {
    "__import__",
    "import_module",
    "resolve_name",
    "run_module",
    "run_path",
    "spec_from_file_location",
}


def back_doors(tree: ast.AST, package: str) -> list[tuple[int, str]]:
    """Every use of a back door, but for `import_module` of what is plainly in the importer's own package."""
    nodes = list(ast.walk(tree))
    harmless = {node.func for node in nodes if isinstance(node, ast.Call) and leads_home(node, package)}
    found = []
    for node in nodes:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in BACK_DOORS and node not in harmless:
                found.append((node.lineno, name))
            case ast.ImportFrom(names=names):
                found += [
                    (node.lineno, name.name) for name in names if name.asname and name.name in BACK_DOORS
                ]
    return sorted(found)


def leads_home(call: ast.Call, package: str) -> bool:
    match call:
        case ast.Call(func=ast.Name(id="import_module"), args=[ast.Constant(value=str(name))]):
            return name.startswith(f"seedbed.{package}.")
        case ast.Call(
            func=ast.Name(id="import_module"), args=[ast.JoinedStr(values=[ast.Constant(value=name), *_])]
        ):
            return str(name).startswith(f"seedbed.{package}.")
    return False


def lint_imports(services: Path) -> subprocess.CompletedProcess[str]:
    command = [f"{Path(sys.executable).parent}/lint-imports", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(services)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_contracts_between_packages_hold():
    report = lint_imports(ROOT / "services")
    assert report.returncode == 0, report.stdout + report.stderr


@pytest.mark.slow
def test_what_waits_or_writes_in_a_pure_folder_is_seen(tmp_path):
    shutil.copytree(SOURCES, tmp_path / "seedbed", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "seedbed" / "pipeline" / "waits.py").write_text("import asyncio\n\n_ = asyncio.sleep\n")
    writes = "from seedbed.kernel.store.interface import Store\n\n_ = Store\n"
    (tmp_path / "seedbed" / "runs" / "domain" / "writes.py").write_text(writes)
    said = " ".join(lint_imports(tmp_path).stdout.split())
    assert "seedbed.pipeline is not allowed to import asyncio: - seedbed.pipeline.waits -> asyncio" in said
    assert "seedbed.runs.domain.writes -> seedbed.kernel.store.interface" in said


def test_nobody_imports_through_a_back_door():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted(SOURCES.rglob("*.py"))
        for line, name in back_doors(ast.parse(path.read_bytes()), path.relative_to(SOURCES).parts[0])
    ]
    assert not found


def test_back_doors_are_seen():
    source = """
import importlib
from importlib import import_module
from pkgutil import resolve_name as r
importlib.import_module("seedbed.runs.core")
import_module("seedbed.runs.core")
import_module(f"seedbed.{name}.core")
import_module("seedbed.knowledge.pdf")
import_module(f"seedbed.knowledge.{name}")
__import__("seedbed.runs")
"""
    seen = back_doors(ast.parse(source), "knowledge")
    assert [line for line, _ in seen] == [4, 5, 6, 7, 10]
