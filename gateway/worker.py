"""Takes hints from arq into the lanes: a job ends as soon as its ids are in a lane's bounded queue."""

import asyncio
from typing import Any
from uuid import UUID

from arq.worker import Worker, func

from gateway.lane import Lane
from gateway.logs import get_logger
from gateway.queue import JOB, QUEUE_AWAY, deserialize, open_pool, queue_of, serialize

JOBS_MAX = 20
JOB_TIMEOUT_S = 30  # a lane that is full that long: the hint is dropped, release gives it again
POLL_S = 0.02
AGAIN_S = 1.0

log = get_logger(part="work")


async def take_hints(url: str, account: str, lane: Lane) -> None:
    """Take an account's hints until cancelled. arq's worker ends on any Redis error, so it is started again here."""
    while True:
        try:
            await _work(url, account, lane)
        except QUEUE_AWAY as fault:
            log.warning("hints.away", account=account, error=type(fault).__name__)
        await asyncio.sleep(AGAIN_S)


async def _work(url: str, account: str, lane: Lane) -> None:
    async def hand_off(_context: dict[Any, Any], contacts: list[str]) -> None:
        await lane.put([UUID(contact) for contact in contacts])

    pool = await open_pool(url)
    worker = Worker(
        [func(hand_off, name=JOB, keep_result=0, timeout=JOB_TIMEOUT_S, max_tries=1)],  # type: ignore[arg-type]  # arq types its coroutines loosely
        queue_name=queue_of(account),
        redis_pool=pool,
        max_jobs=JOBS_MAX,
        poll_delay=POLL_S,
        keep_result=0,
        handle_signals=False,
        log_results=False,
        job_serializer=serialize,
        job_deserializer=deserialize,
        queue_read_limit=JOBS_MAX * 5,
    )
    try:
        await worker.main()
    finally:
        # Not the worker's own close: it stops at the first job that was cancelled and leaves its connections open.
        for job in worker.tasks.values():
            job.cancel()
        await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
        await pool.aclose()
