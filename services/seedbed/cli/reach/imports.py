"""Handing a taxonomy to the taxonomy service, and showing what it finds in it."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import grpc.aio

from seedbed.cli.render.failure import RemoteError, read_rpc_error
from seedbed.cli.render.screen import Screen
from seedbed.kernel.errors import InputError
from seedbed.taxonomy.v1.taxonomy_service_pb2 import ImportRequest, ImportResponse

if TYPE_CHECKING:  # exists in the typed stubs only
    from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceAsyncStub

# Documents may have to be fetched first.
_TIMEOUT = 1800.0
_PLACE = re.compile(r".+:\d+:\d+$")
_SHOWN = 20


async def import_taxonomy(
    taxonomy: "TaxonomyServiceAsyncStub", source: str, leaves: Sequence[str], screen: Screen
) -> ImportResponse:
    """Read the taxonomy into the store. Raises InputError after its findings have been shown."""
    request = ImportRequest(source=locate(source), request_id=str(uuid4()), leaves=leaves)
    try:
        imported = await taxonomy.Import(request, timeout=_TIMEOUT)
    except grpc.aio.AioRpcError as error:
        remote = read_rpc_error(error, "the taxonomy service")
        raise _show_refusal(remote, source, screen) from error
    for found in imported.findings[:_SHOWN]:
        place = _from_here(source, f"{found.file}:{found.line}:{found.column}")
        screen.warn(f"{place}: warning: {found.message}")
    if len(imported.findings) > _SHOWN:
        screen.warn(
            f"… and {len(imported.findings) - _SHOWN} more warnings; `seedbed taxonomy lint` lists all"
        )
    return imported


def _show_refusal(error: RemoteError, source: str, screen: Screen) -> RemoteError | InputError:
    """Findings first, each on a line of its own, then what they come to."""
    placed = [found for found in error.violations if _PLACE.match(found.field)]
    if not placed:
        return error
    for found in placed:
        screen.fail(f"{_from_here(source, found.field)}: error: {found.description}")
    rest = [found for found in error.violations if found not in placed]
    return InputError(error.message, rest, hint=error.hint)


def _from_here(source: str, place: str) -> str:
    """A place in the taxonomy as seen from where the caller stands, where it is a folder."""
    folder = Path(source).expanduser()
    if not folder.is_dir():
        return place
    file, line, column = place.rsplit(":", 2)
    return f"{os.path.normpath(folder / file)}:{line}:{column}"


def locate(source: str) -> str:
    """The source as the service finds it, which runs in a folder of its own: folders become absolute."""
    folder, at, revision = source.rpartition("@")
    for path, rest in ((source, ""), (folder, at + revision)):
        if path and Path(path).expanduser().exists():
            return str(Path(path).expanduser().absolute()) + rest
    return source
