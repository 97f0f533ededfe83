"""The limited child process: a document on stdin, its text and chunks on stdout.

It sets its own limits before it reads a byte, and imports nothing of the kernel but the count of tokens, so
that it starts in a moment. Run by `reader.py`, never by hand:
`python -m seedbed.knowledge.convert MEDIA_TYPE MAX_TOKENS MEMORY CPU_SECONDS WALL_SECONDS`.

On stdout: one line with the length of the text in bytes, the text in UTF-8, then one line of JSON for each
chunk.
"""

import ctypes
import json
import resource
import signal
import sys

from seedbed.knowledge.chunks import cut
from seedbed.knowledge.documents.reading import OUT_OF_MEMORY, UNREADABLE, UnreadableError, converter_for

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    media_type, max_tokens, memory, cpu, wall = arguments[0], *(int(value) for value in arguments[1:])
    limit(memory, cpu, wall)
    try:
        write(media_type, sys.stdin.buffer.read(), max_tokens)
    except UnreadableError as error:
        sys.stderr.write(str(error))
        return UNREADABLE
    except RecursionError:
        sys.stderr.write("it is nested too deeply")
        return UNREADABLE
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


def limit(memory: int, cpu: int, wall: int) -> None:
    """Bound memory, processor and wall time; forbid files and core dumps."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(wall)
    if sys.platform == "linux":
        # Nobody would read what an orphan writes.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def write(media_type: str, content: bytes, max_tokens: int) -> None:
    """Convert, cut, and write both out."""
    reading = converter_for(media_type).read(content)
    text = reading.text
    data = text.encode()
    out = sys.stdout.buffer
    out.write(b"%d\n" % len(data))
    out.write(data)
    del data
    for passage in cut(text, max_tokens, reading.pages):
        chunk = {
            "text": text[passage.start : passage.end],
            "headings": passage.headings,
            "start": passage.start,
            "end": passage.end,
            "page": passage.page,
            "key": passage.key,
        }
        out.write(json.dumps(chunk, ensure_ascii=False).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
