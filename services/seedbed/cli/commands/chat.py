"""`seedbed chat`: talks to a tuned student, its base answering beside it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import aiohttp

from seedbed.cli.render.screen import Screen
from seedbed.kernel.errors import SeedbedError

_ANEW = "/new"
_LONGEST = aiohttp.ClientTimeout(total=600)


@dataclass(slots=True)
class Talk:
    """One model's side of the conversation: each has its own, as each goes on from its own answers."""

    name: str
    url: str
    turns: list[dict[str, str]] = field(default_factory=list)

    async def say(self, session: aiohttp.ClientSession, words: str, most: int) -> str:
        """What it answers. Raises SeedbedError."""
        asked = [*self.turns, {"role": "user", "content": words}]
        body = {"model": self.name, "messages": asked, "max_tokens": most, "temperature": 0}
        try:
            async with session.post(f"{self.url}/chat/completions", json=body) as answer:
                reply = await answer.json(content_type=None)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise SeedbedError(f"{self.name} at {self.url} does not answer: {error}") from error
        if answer.status != 200:
            raise SeedbedError(f"{self.name} refuses: {reply['error']['message']}")
        said = str(reply["choices"][0]["message"]["content"])
        self.turns = [*asked, {"role": "assistant", "content": said}]
        return said


async def chat(urls: Mapping[str, str], system: str, most: int, screen: Screen) -> int:
    """Have every model answer each line that is typed; ends with the input."""
    screen.say(f"{', '.join(urls)} listen; {_ANEW} begins anew, Ctrl-D ends")
    talks = _begin(urls, system)
    async with aiohttp.ClientSession(timeout=_LONGEST) as session:
        async for words in _lines(screen):
            if words == _ANEW:
                talks = _begin(urls, system)
            elif words:
                answers = [talk.say(session, words, most) for talk in talks]
                for talk, said in zip(talks, await asyncio.gather(*answers), strict=True):
                    screen.say(talk.name, "bold")
                    screen.say(f"  {said}" if said else "  (nothing)")
    return 0


def _begin(urls: Mapping[str, str], system: str) -> list[Talk]:
    turns = [{"role": "system", "content": system}] if system else []
    return [Talk(name, url, list(turns)) for name, url in urls.items()]


async def _lines(screen: Screen) -> AsyncIterator[str]:
    """What is typed, line by line; not read in a thread, which Ctrl-C would have to wait for."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    # Looked at now: at the end of the input it is closed.
    asked = sys.stdin.isatty()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while True:
        if asked:
            screen.people.print("[bold]> [/]", end="")
        line = await reader.readline()
        if not line:
            return
        yield line.decode("utf-8", "replace").strip()
