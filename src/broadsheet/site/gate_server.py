"""Granian for the gate, listening on sockets that the supervisor holds: `BROADSHEET_SOCKETS`, a descriptor a worker.

Granian's workers open the port themselves, each a socket of its own; when one ends, the kernel resets the connections that
wait in its queue. Sockets that outlive the workers lose none: the next worker takes up the queue where the last left it.

A worker that is told to end closes what it has accepted and not heard from yet. SIGUSR1 therefore comes first: from then on
it accepts nothing, and a moment later there is nothing left that it could close under anybody.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from typing import Any

import granian.cli
from granian._granian import SocketHolder
from granian.server.mp import MPServer, WorkerProcess

from broadsheet.site.sockets import SOCKETS, watched


class GateServer(MPServer):
    def _init_shared_socket(self) -> None:
        given = os.environ.get(SOCKETS, "")
        self._held = [
            SocketHolder(int(number), False, self.backlog)  # type: ignore[call-arg]
            for number in given.split(",")
            if number
        ]
        if self._held:
            self._ssp = self._shd = self._sso = None
        else:  # started by hand, or to be measured alone
            super()._init_shared_socket()

    def _spawn_worker(  # type: ignore[override]
        self, idx: int, target: Any, callback_loader: Callable[..., Any]
    ) -> WorkerProcess:
        if self._held:
            callback_loader = partial(_load_stoppable, callback_loader)
            self._shd = self._held[idx % len(self._held)]  # type: ignore[assignment]
        return super()._spawn_worker(idx, target, callback_loader)

    def _drop_shared_socket(self) -> None:
        """They are the supervisor's."""


def _load_stoppable(load: Callable[..., Any]) -> Any:
    signal.signal(signal.SIGUSR1, lambda *_: _stop_accepting())
    return load()


def _stop_accepting() -> None:
    """Granian cannot be asked for this; its epoll can."""
    sockets = {os.fstat(int(number)).st_ino for number in os.environ[SOCKETS].split(",")}
    for epoll, descriptors in watched("self", sockets).items():
        with closing(select.epoll.fromfd(os.dup(epoll))) as waiting:
            for descriptor in descriptors:
                with suppress(OSError):
                    waiting.unregister(descriptor)


if __name__ == "__main__":
    # Descriptors are handed down by number, which only a fork keeps; Python 3.14 would do otherwise.
    multiprocessing.set_start_method("fork")
    granian.cli.Server = GateServer
    granian.cli.entrypoint()
