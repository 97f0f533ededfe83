from contextlib import asynccontextmanager

import grpc.aio
import pytest
from aiohttp import web

from seedbed.evaluator.__main__ import build
from seedbed.evaluator.v1.evaluator_service_pb2_grpc import EvaluatorServiceStub
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.service import Kernel
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.work.plans import Plans
from seedbed.rehearsal.server import make_app
from tests.evaluator.school import fill_store


class Calls:
    """The rehearsal teacher, and how many calls it took."""

    def __init__(self):
        self.count = 0
        self.url = ""

    @web.middleware
    async def count_one(self, request, handler):
        self.count += request.method == "POST"
        return await handler(request)


@pytest.fixture
async def rehearsal():
    calls = Calls()
    app = make_app()
    app.middlewares.append(calls.count_one)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    calls.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield calls
    await runner.cleanup()


@pytest.fixture
def settings(rehearsal, nats_url, file_store_url, tmp_path):
    return Settings(
        nats_url=nats_url,
        store_url=file_store_url,
        teacher_url=rehearsal.url,
        teacher_model="rehearsal",
        runs_address="127.0.0.1:9",
        cache_folder=tmp_path / "cache",
        ack_wait=3,
        heartbeat=0.5,
    )


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@pytest.fixture
async def request_of_school(store, tmp_path):
    return await fill_store(store, tmp_path / "school")


@pytest.fixture
def serve(settings, store):
    @asynccontextmanager
    async def serve(duty="all"):
        results = settings.model_copy(update={"duty": duty})
        bus = await Bus.connect(results, "evaluator")
        await bus.prepare()
        kernel = Kernel(results, bus, store, Plans(bus))
        service = build(kernel)
        server = Server(service.names, reflect=False)
        service.register(server.grpc)
        port = await server.start("127.0.0.1:0")
        if service.start:
            await service.start()
        if service.job_worker:
            await service.job_worker.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield EvaluatorServiceStub(channel)
        await server.stop(0)
        if service.job_worker:
            await service.job_worker.stop(0)
        if service.stop:
            await service.stop()
        for model in kernel.models.values():
            await model.permits.stop()
            await model.teacher.close()
        await bus.close()

    return serve
