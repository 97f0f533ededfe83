"""The chunks of a document, part by part: cut once, kept in the store, and read from there by later parts.

The document's text is kept under its own sha256, as every span counts in it.
"""

from google.protobuf.message import DecodeError

from seedbed.kernel.errors import Damaged, ItemError, NotFound
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.store.blobs import NOT_ITS_NAME, blob_key, get_blob, put_blob
from seedbed.kernel.store.checksums import disclose, enclose
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.tombstones import find_tombstone, forgotten
from seedbed.knowledge.documents.reading import UnreadableError, converter_for
from seedbed.knowledge.reader import Cut, Reader
from seedbed.knowledge.v1.steps_pb2 import ChunkInput, ChunkResult

# An item announces 2,000 others at most: this many chunks, each in all its forms, and the next part.
PART = 100
_MEND = "`seedbed store verify --repair` drops what is damaged; then import the taxonomy again"


async def read_part(value: ChunkInput, store: Store, reader: Reader, version: int) -> ChunkResult:
    """The part of the document that begins at chunk `value.first`. Raises ItemError and Damaged."""
    key = part_key(value, version, value.first)
    try:
        return ChunkResult.FromString(disclose(key, await store.get(key)))
    except (NotFound, Damaged, DecodeError):
        # Cut again, which costs no call.
        pass
    cut = await _cut(value, store, reader)
    text = await put_blob(store, cut.text)
    for first in range(0, len(cut.chunks), PART):
        # The part that is asked for becomes a record; it needs no second place.
        if first != value.first:
            part = _part(cut, text, first)
            await store.put(part_key(value, version, first), enclose(message_bytes(part)))
    return _part(cut, text, value.first)


def part_key(value: ChunkInput, version: int, first: int) -> str:
    """Where a part is kept: named by everything it depends on."""
    try:
        converter = converter_for(value.media_type).name
    except UnreadableError as error:
        raise ItemError(f"document {name_of(value)} cannot be read: {error}") from error
    return f"cuts/{value.blob}/{converter}/{value.max_tokens}-{version}/{first}"


def name_of(value: ChunkInput) -> str:
    """What messages call the document."""
    return value.path or f"with the sha256 {value.blob}"


async def _cut(value: ChunkInput, store: Store, reader: Reader) -> Cut:
    name = name_of(value)
    try:
        content = await get_blob(store, value.blob)
    except NotFound as error:
        if stone := await find_tombstone(store, value.blob):
            found = forgotten(stone)
            raise ItemError(found.message, hint=found.hint) from error
        raise Damaged(f"document {name} ({blob_key(value.blob)})", "is missing", hint=_MEND) from error
    except Damaged as error:
        raise Damaged(f"document {name} ({error.key})", NOT_ITS_NAME, hint=_MEND) from error
    cut = await reader.read(name, content, value.media_type, value.max_tokens)
    if not cut.chunks:
        why = "nothing but headings, pictures or comments" if cut.text.strip() else "no text at all"
        raise ItemError(f"document {name} yields no chunk: it holds {why}")
    return cut


def _part(cut: Cut, text: str, first: int) -> ChunkResult:
    return ChunkResult(
        text=text,
        converter=cut.converter,
        chunks=cut.chunks[first : first + PART],
        total=len(cut.chunks),
        notes=[] if first else cut.notes,
    )
