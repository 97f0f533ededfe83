"""Generate the typed stubs: `python proto/generate.py [--check]`.

The contracts import Google's `longrunning`, `rpc` and `api` packages. They come out of the installed
`googleapis-common-protos` and are laid out under `.build/third_party` for protoc and buf.
"""

import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.rpc import status_pb2

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
STUBS = ROOT / "services"
THIRD_PARTY = ROOT / ".build" / "third_party"


def lay_out_third_party() -> None:
    """Copy Google's contracts to where protoc and buf look for them."""
    google = Path(status_pb2.__file__).parent.parent
    for package in ("api", "rpc", "longrunning"):
        target = THIRD_PARTY / "google" / package
        target.mkdir(parents=True, exist_ok=True)
        for source in (google / package).glob("*.proto"):
            # The wheel names this one file differently from the name its importers use.
            name = "operations.proto" if source.name == "operations_proto.proto" else source.name
            shutil.copyfile(source, target / name)


def find_stubs(folder: Path) -> set[Path]:
    """The stubs below a folder, by their path in it."""
    return {path.relative_to(folder) for path in folder.rglob("*_pb2*") if path.suffix in (".py", ".pyi")}


def generate(target: Path) -> None:
    """Write stubs for every contract below `target`."""
    contracts = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    arguments = [f"--{plugin}_out={target}" for plugin in ("python", "grpc_python", "mypy", "mypy_grpc")]
    arguments += ["--mypy_opt=quiet", "--mypy_grpc_opt=quiet"]
    bin_folder = Path(sys.executable).parent
    plugins = [f"--plugin={name}={bin_folder / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"-I{THIRD_PARTY}"]
    subprocess.run([*command, *plugins, *arguments, *contracts], check=True, stdout=subprocess.DEVNULL)
    services = {Path(contract) for contract in contracts if contract.endswith("_service.proto")}
    for contract in contracts:
        if Path(contract) not in services:
            for stub in target.glob(str(Path(contract).with_suffix("")) + "_pb2_grpc.py*"):
                stub.unlink()
    for stub in target.rglob("*_pb2*.py*"):
        package = stub.parent / "__init__.py"
        if not package.exists():
            package.write_text('"""Generated from the contracts in `proto/`."""\n')


def check() -> int:
    """Return 1, and say which, where a committed stub is not what the contracts give."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh, committed = find_stubs(Path(folder)), find_stubs(STUBS)
        stale = fresh ^ committed
        stale |= {p for p in fresh & committed if not filecmp.cmp(Path(folder, p), STUBS / p, shallow=False)}
    for path in sorted(stale):
        print(f"services/{path}: not what the contracts give; run `make gen`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    lay_out_third_party()
    if "--check" in sys.argv:
        sys.exit(check())
    for stub in find_stubs(STUBS):
        (STUBS / stub).unlink()
    generate(STUBS)
