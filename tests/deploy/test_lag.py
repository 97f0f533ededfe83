"""The scaling signal, from real brokers: one alone, and the three of the chart."""

import asyncio
import contextlib
import re
from pathlib import Path
from subprocess import Popen

import pytest

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.cli.stack.broker.users import WORKERS, users
from seedbed.cli.stack.ports import choose_ports
from seedbed.kernel.bus.streams import STEPS, WORK, Bus, consumer_name
from seedbed.kernel.settings import Settings
from seedbed.pipeline.items import TRAINING_PHASE as PHASE
from tests.deploy.charts import of_kind, render
from tests.deploy.lag import read_lags
from tests.deploy.production import nats_settings, password, users_of
from tests.servers.nats import PROGRAM
from tests.servers.process import end, spawn, wait_until

# The trainer decides on its trainings itself, so it stands apart in the table of users.
QUEUES = {**{worker.name: worker.steps for worker in WORKERS}, "trainer": (PHASE,)}
ALL_STEPS = [step for steps in QUEUES.values() for step in steps]
CONSUMERS = {consumer_name(step) for step in ALL_STEPS}


async def start_workers(connect):
    """What each worker does when it starts, as the user that it is. Returns their connections."""
    buses = {name: await Bus.connect(connect(name), name) for name in QUEUES}
    for name, steps in QUEUES.items():
        for step in steps:
            await buses[name].add_consumer(step, 30)
    return buses


async def take(bus, step, count):
    """So many items in hand."""
    inbox = bus.client.new_inbox()
    subscription = await bus.client.subscribe(inbox)
    asked = f'{{"batch":{count},"expires":5000000000}}'.encode()
    await bus.client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{WORK}.{consumer_name(step)}", asked, inbox)
    return [await subscription.next_msg(5) for _ in range(count)]


async def until(true, patience=20.0):
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0.1)


async def come_to(monitor, lags):
    """See these lags, soon: the broker counts a moment after it has answered."""
    with contextlib.suppress(TimeoutError):
        await until(lambda: read_lags(monitor) == lags, 5)
    assert read_lags(monitor) == lags


async def test_each_step_s_lag_is_what_waits_and_what_is_in_hand(tmp_path):
    monitor = f"127.0.0.1:{choose_ports(['monitor'], {})['monitor']}"
    server = users_of(tmp_path / "nats", f'http: "{monitor}"\n')
    server.start()
    try:
        runs = await Bus.connect(nats_settings(server, "runs"), "runs")
        await runs.prepare()
        assert read_lags(monitor) == {}  # which KEDA takes for an error, so one of each worker must be there
        buses = await start_workers(lambda name: nats_settings(server, name))
        await come_to(monitor, dict.fromkeys(CONSUMERS, 0))

        waiting = {step: number + 3 for number, step in enumerate(ALL_STEPS)}
        lags = {consumer_name(step): count for step, count in waiting.items()}
        for step, count in waiting.items():
            for number in range(count):
                await runs.publish_work(Item(run="r", leaf="l", step=step, digest=str(number)))
        await come_to(monitor, lags)

        for name, steps in QUEUES.items():
            for step in steps:
                first, second = await take(buses[name], step, 2)
                await first.ack_sync()
                lags[consumer_name(step)] -= 1
                await come_to(monitor, lags)
                await second.nak()  # as by a pod that is told to stop: it waits again, and counts still
                await come_to(monitor, lags)
                for message in await take(buses[name], step, waiting[step] - 1):
                    await message.ack_sync()
                lags[consumer_name(step)] = 0
        await come_to(monitor, dict.fromkeys(CONSUMERS, 0))
        for bus in (runs, *buses.values()):
            await bus.close()
    finally:
        server.stop()


class Cluster:
    """The servers of the chart, with its own configuration, on ports and in folders of this machine."""

    def __init__(self, folder: Path, configuration: dict[str, str], count: int) -> None:
        self.folder = folder
        names = [f"{kind}-{number}" for number in range(count) for kind in ("client", "cluster", "monitor")]
        self.ports = choose_ports(names, {})
        self.processes: dict[int, Popen[bytes]] = {}
        for number in range(count):
            own = folder / str(number)
            own.mkdir()
            for name in ("users.conf", "nats.conf"):
                (own / name).write_text(self._localize(configuration[name], number))

    def _localize(self, text: str, number: int) -> str:
        for port, kind in ((4222, "client"), (6222, "cluster"), (8222, "monitor")):
            text = text.replace(f"0.0.0.0:{port}", f"127.0.0.1:{self.ports[f'{kind}-{number}']}")
        text = text.replace('"/data"', f'"{self.folder}/{number}/data"')
        routes = re.compile(r"nats://garden-seedbed-nats-(\d)\.garden-seedbed-nats:6222")
        return routes.sub(lambda found: f"nats://127.0.0.1:{self.ports[f'cluster-{found[1]}']}", text)

    def start(self, number: int) -> None:
        own = self.folder / str(number)
        told = {f"SEEDBED_NATS_PASSWORD_{user.name.upper()}": password(user.name) for user in users()}
        told["SEEDBED_NATS_NAME"] = f"garden-seedbed-nats-{number}"
        log = own / "log"
        process = spawn([str(PROGRAM), "--config", str(own / "nats.conf")], log, told)
        self.processes[number] = process
        wait_until(lambda: b"Server is ready" in log.read_bytes(), process, log, patience=20)

    def stop(self, number: int) -> None:
        end(self.processes.pop(number))

    def monitor(self, number: int) -> str:
        return f"127.0.0.1:{self.ports[f'monitor-{number}']}"

    def settings(self, user: str) -> Settings:
        """As a client of all servers, which the name of the chart's Service stands for."""
        one = ",".join(f"nats://127.0.0.1:{self.ports[f'client-{number}']}" for number in self.processes)
        return Settings(nats_url=one, nats_user=user, nats_password=password(user), nats_replicas=3)

    def lags(self) -> dict[str, int]:
        """As KEDA finds them: each from the server that leads its consumer."""
        return {
            name: lag for number in self.processes for name, lag in read_lags(self.monitor(number)).items()
        }


@pytest.fixture
def cluster(packages, tmp_path):
    manifests = render(packages, 'teacher.url="https://llm.example.org/v1"')
    made = Cluster(tmp_path, of_kind(manifests, "ConfigMap")["nats"]["data"], 3)
    assert "sync_interval: always" in (tmp_path / "0" / "nats.conf").read_text()
    for number in range(3):
        made.start(number)
    yield made
    for number in list(made.processes):
        made.stop(number)


@pytest.mark.slow
async def test_three_brokers_keep_what_one_of_them_loses(cluster):
    runs = await Bus.connect(cluster.settings("runs"), "runs")
    await asyncio.wait_for(runs.persist(runs.prepare), 30)
    buses = await start_workers(cluster.settings)
    for name in (WORK, f"KV_{STEPS}"):
        assert (await runs.js.stream_info(name)).config.num_replicas == 3
    for number in range(5):
        await runs.publish_work(Item(run="r", leaf="l", step="judge.pair", digest=str(number)))
    await until(lambda: cluster.lags().get("judge_pair") == 5)
    assert set(cluster.lags()) == CONSUMERS

    cluster.stop(0)
    await until(lambda: cluster.lags().get("judge_pair") == 5)
    assert await runs.publish_work(Item(run="r", leaf="l", step="judge.pair", digest="another"))
    assert not await runs.publish_work(Item(run="r", leaf="l", step="judge.pair", digest="0"))
    await until(lambda: cluster.lags().get("judge_pair") == 6)
    for bus in (runs, *buses.values()):
        await bus.close()
