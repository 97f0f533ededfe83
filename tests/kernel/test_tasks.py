import asyncio

from seedbed.kernel.tasks import end_tasks


async def test_a_task_that_swallows_a_cancellation_ends_all_the_same():
    swallowed = 0

    async def stubborn():
        nonlocal swallowed
        while swallowed < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
        await asyncio.sleep(60)

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    await end_tasks(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_tasks_that_failed_or_ended_are_left_alone():
    async def fail():
        raise ValueError

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await end_tasks([task])
    assert isinstance(task.exception(), ValueError)
