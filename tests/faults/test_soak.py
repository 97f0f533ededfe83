"""Many random kills over one long run; SEEDBED_SOAK=1 (`make soak`): 100 kills over 10,000 samples."""

import os
import random
import signal
import time

import pytest

from tests.faults.leaves import write_leaves
from tests.faults.stage import SERVICES, SOAK_PATIENCE, Run, open_teacher, run_undisturbed

LONG = bool(os.environ.get("SEEDBED_SOAK"))
KILLS, LEAVES, TARGET = (100, 38, 250) if LONG else (16, 4, 150)
AT_ONCE = 32 if LONG else 16
# Whoever is named more than once dies more often.
OTHERS = ("nats-server", "nats-server", "teacher", "generate", "interrupted", "told", "frozen", "everyone")
VICTIMS = (*SERVICES, *SERVICES, *OTHERS)


def hurt(run: Run, victim: str, chance: random.Random) -> None:
    """Do to a run what the victim's name says."""
    if victim == "teacher":
        run.kills.append(victim)
        run.teacher.kill()
        time.sleep(chance.uniform(0, 3))
        run.teacher.start()
    elif victim == "generate":
        run.kill_command()
        run.start()
    elif victim == "interrupted":
        run.interrupt()
        run.start()
    elif victim == "told":
        name = chance.choice(SERVICES)
        run.kills.append(f"{name} told to stop")
        run.signal(name, signal.SIGTERM)
    elif victim == "frozen":
        name = chance.choice(SERVICES)
        run.kills.append(f"{name} frozen")
        run.signal(name, signal.SIGSTOP)
        time.sleep(chance.uniform(1, 7))
        run.signal(name, signal.SIGCONT)
    elif victim == "everyone":
        run.kill("nats-server", *SERVICES)
    else:
        run.kill(victim)


@pytest.mark.timeout(2 * SOAK_PATIENCE if LONG else 900)
def test_many_kills_over_a_long_run(tmp_path):
    chance = random.Random(20)
    taxonomy = write_leaves(tmp_path / "taxonomy", LEAVES)
    undisturbed = run_undisturbed(tmp_path, taxonomy, TARGET, AT_ONCE)
    (tmp_path / "again").mkdir()
    with open_teacher(tmp_path / "again") as teacher:
        run = Run(tmp_path / "again" / "run", taxonomy, teacher, TARGET, at_once=AT_ONCE).start()
        try:
            for moment in sorted(chance.sample(range(20, undisturbed.asked * 19 // 20), KILLS)):
                run.reach(moment)
                hurt(run, chance.choice(VICTIMS), chance)
            undisturbed.compare(run, repeats=AT_ONCE * KILLS, patience=SOAK_PATIENCE)
        finally:
            run.stop()
