"""The limited child processes: a document in, its text and chunks out.

A stem that has all it takes loaded waits for documents on stdin, and branches off a child for each. The child
sets its own limits before it looks at a byte, and ends with its document; the stem itself never looks at one.
It imports nothing of the kernel but the count of tokens and the stops of scripts. Run by `stem.py`, never by
hand.

A request is a line of JSON, an object with the document's size and what `convert` takes, then the document.
An answer is a line of JSON, the child's exit status and two sizes, then its output and its complaint. Output
is a line of JSON with the text's length in bytes and the notes on it, the text in UTF-8, then a line of JSON
for each chunk.
"""

import contextlib
import ctypes
import json
import os
import resource
import selectors
import signal
import sys
import traceback
from typing import Any

from seedbed.knowledge.chunks import cut
from seedbed.knowledge.documents.reading import OUT_OF_MEMORY, UNREADABLE, UnreadableError, converter_for

_PR_SET_PDEATHSIG = 1
_MOST_NOTES = 20
_LONGEST_NOTE = 500


def main() -> int:
    end_with_parent()
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    while line := asked.readline():
        order = json.loads(line)
        content = asked.read(order.pop("size"))
        with contextlib.suppress(Exception):
            # Once for all documents of a kind; what is wrong with it the child will say.
            converter_for(order["media_type"]).load()
        status, output, complaint = branch(content, order)
        answers.write(json.dumps([status, len(output), len(complaint)]).encode() + b"\n")
        answers.write(output)
        answers.write(complaint)
        answers.flush()
    return 0


def branch(content: bytes, order: dict[str, Any]) -> tuple[int, bytes, bytes]:
    """Convert a document in a child of its own: exit status (a signal's is negative), output, complaint."""
    (output, output_end), (complaint, complaint_end) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.dup2(output_end, 1)
        os.dup2(complaint_end, 2)
        os.close(0)
        os.closerange(3, complaint_end + 1)
        os._exit(convert(content, **order))
    os.close(output_end)
    os.close(complaint_end)
    said, complained = drain(output, complaint)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said, complained


def drain(*pipes: int) -> tuple[bytes, ...]:
    """All that comes out of pipes until each is closed."""
    parts: dict[int, list[bytes]] = {pipe: [] for pipe in pipes}
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                if data := os.read(key.fd, 1 << 16):
                    parts[key.fd].append(data)
                else:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return tuple(b"".join(parts[pipe]) for pipe in pipes)


def convert(content: bytes, media_type: str, max_tokens: int, memory: int, cpu: int, wall: int) -> int:
    """The child's life; returns its exit status."""
    try:
        limit(memory, cpu, wall)
        write(media_type, content, max_tokens)
    except UnreadableError as error:
        sys.stderr.write(str(error))
        return UNREADABLE
    except RecursionError:
        sys.stderr.write("it is nested too deeply")
        return UNREADABLE
    except MemoryError:
        return OUT_OF_MEMORY
    except Exception:  # noqa: BLE001  nobody else is there to report it
        traceback.print_exc()
        return 1
    finally:
        sys.stderr.flush()
    return 0


def limit(memory: int, cpu: int, wall: int) -> None:
    """Bound memory, processor and wall time; forbid files and core dumps."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(wall)
    end_with_parent()


def end_with_parent() -> None:
    """Nobody would read what an orphan writes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def write(media_type: str, content: bytes, max_tokens: int) -> None:
    """Convert, cut, and write both out."""
    reading = converter_for(media_type).read(content)
    text = reading.text
    data = text.encode()
    out = sys.stdout.buffer
    notes = [note[:_LONGEST_NOTE] for note in reading.notes[:_MOST_NOTES]]
    out.write(json.dumps({"size": len(data), "notes": notes}).encode() + b"\n")
    out.write(data)
    del data
    for passage in cut(text, max_tokens, reading.pages):
        chunk = {
            "text": passage.text(text),
            "headings": passage.headings,
            "start": passage.start,
            "end": passage.end,
            "page": passage.page,
            "key": passage.key,
            "head_start": passage.head[0],
            "head_end": passage.head[1],
        }
        out.write(json.dumps(chunk, ensure_ascii=False).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
