"""Tasks for handlers that Granian runs itself, which timeouts need, and which leave nothing behind.

Granian (2.8) lets go of a future that a handler awaits one time too few. Each task would stay for ever, with what came of
it; and a refusal's traceback holds the protocol, the protocol the unread body, and for the rest of that body the server
keeps the connection open, whatever was answered. So handlers await something that may stay: one object for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextvars import Context
from types import coroutine


class Tasks:
    """One a worker. To Granian it is the future of whichever handler has just begun to wait."""

    _asyncio_future_blocking = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._awaited: asyncio.Task[None] | None = None
        # Looked up by Granian, and kept: a method would be another object each time, this is always the same.
        self.add_done_callback = self._wake_when_done

    async def run(self, work: Awaitable[None]) -> None:
        """Carry this out in a task, and raise what it raises."""
        raised: list[Exception] = []
        await self._end_of(self._loop.create_task(_carry_out(work, raised)))
        if raised:
            raise raised.pop()

    @coroutine
    def _end_of(self, task: asyncio.Task[None]) -> Generator[Tasks]:
        self._awaited = task
        self._asyncio_future_blocking = True
        yield self

    def _wake_when_done(self, wake: Callable[[Tasks], None], *, context: Context) -> None:
        """Granian asks for it as soon as a handler has yielded: nobody else can have begun to wait in between."""
        task, self._awaited = self._awaited, None
        assert task is not None
        task.add_done_callback(lambda _: wake(self), context=context)

    def result(self) -> None:
        """What Granian asks before it goes on; an exception would have it throw, and keep that too."""


async def _carry_out(work: Awaitable[None], raised: list[Exception]) -> None:
    try:
        await work
    except Exception as fault:
        raised.append(fault)
