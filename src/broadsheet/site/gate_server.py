"""Granian for the gate, listening on sockets that the supervisor holds: `BROADSHEET_SOCKETS`, a descriptor a worker.

Granian's workers open the port themselves, each a socket of its own; when one ends, the kernel resets the connections that
wait in its queue. Sockets that outlive the workers lose none: the next worker takes up the queue where the last left it.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

import granian.cli
from granian._granian import SocketHolder
from granian.server.mp import MPServer, WorkerProcess

SOCKETS = "BROADSHEET_SOCKETS"  # descriptors, comma-separated


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
            self._shd = self._held[idx % len(self._held)]  # type: ignore[assignment]
        return super()._spawn_worker(idx, target, callback_loader)

    def _drop_shared_socket(self) -> None:
        """They are the supervisor's."""


if __name__ == "__main__":
    # Descriptors are handed down by number, which only a fork keeps; Python 3.14 would do otherwise.
    multiprocessing.set_start_method("fork")
    granian.cli.Server = GateServer
    granian.cli.entrypoint()
