"""Asking before something is removed."""

import asyncio
import sys

from seedbed.cli.render.screen import Screen


async def may(what: str, screen: Screen, *, yes: bool) -> bool:
    """Whether it may be done: as said beforehand, else as whoever sits there says; nobody there means no."""
    if yes:
        return True
    if screen.machine or not sys.stdin.isatty():
        screen.say("nothing was done; --yes does it")
        return False
    screen.say(f"{what}? [y/N]")
    answer = await asyncio.to_thread(sys.stdin.readline)
    if answer.strip().lower() in ("y", "yes"):
        return True
    screen.say("nothing was done")
    return False
