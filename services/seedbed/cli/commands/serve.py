"""`seedbed serve` and `seedbed chat`: a tuned student behind an OpenAI endpoint, its base beside it."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from seedbed.cli.commands.chat import chat as talk
from seedbed.cli.reach.find_training import find_training_of_state
from seedbed.cli.reach.students import Student, find_student
from seedbed.cli.render.failure import DONE
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.table import make_table
from seedbed.cli.stack.model_servers.engines import Served, serve_models
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.settings import load_settings
from seedbed.kernel.store.connect import open_store

# A whole training is looked up in the store itself.
_MEANT = re.compile(r"latest|r[0-9a-f]{1,16}|t[0-9a-f]{1,15}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServeRequest:
    """Which student, and how it is served."""

    student: str
    phase: str
    engine: str
    state: Path
    port: int = 0


async def serve(request: ServeRequest, screen: Screen) -> int:
    """Serve a student until Ctrl-C; an adapter's base answers at the same address."""
    student = await _find(request, screen)
    # Another server for the base alone would be memory that nobody asked for.
    models = student.models if student.tuned.adapter else [student.tuned]
    async with _served(student, models, request, screen) as urls:
        table = make_table("model", "address")
        for name, url in urls.items():
            table.add_row(name, url)
        screen.show(table)
        screen.say("Ctrl-C stops it")
        if screen.machine:
            screen.emit({"models": urls})
        await asyncio.Event().wait()
    return DONE


async def chat(request: ServeRequest, system: str, most: int, screen: Screen) -> int:
    """Talk to a student and its base until the input ends."""
    student = await _find(request, screen)
    if student.base is None:
        screen.warn("its base is not at hand, so the student answers alone")
    async with _served(student, student.models, request, screen) as urls:
        return await talk(urls, system, most, screen)


async def _find(request: ServeRequest, screen: Screen) -> Student:
    state, name = StateFolder(request.state), request.student
    store = await open_store(state.store.as_uri()) if state.exists else None
    if _MEANT.fullmatch(name) and store and not Path(name).is_dir():
        name = await find_training_of_state(name, state, screen.warn)
    return await find_student(name, request.phase, store, state.root / "cache" / "checkpoints")


@asynccontextmanager
async def _served(
    student: Student, models: Sequence[Served], request: ServeRequest, screen: Screen
) -> AsyncIterator[dict[str, str]]:
    state = StateFolder(request.state)
    state.prepare()
    # A folder of its own: a stack may be up on the state folder meanwhile, and several students at once.
    place = StateFolder(state.root / "serving" / student.tuned.name)
    with place.hold("serve"):
        async with serve_models(models, request.engine, place, load_settings(), screen, request.port) as urls:
            yield urls
