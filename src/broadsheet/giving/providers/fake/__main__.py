"""The fake payment provider's own process: `python -m broadsheet.giving.providers.fake`. `serve` starts it where it is in use.

It has its own store and knows the house only by the address that it tells its events to. Standard library alone: it is small.
"""

from __future__ import annotations

import fcntl
import json
import logging
import logging.config
import signal
import sys
import threading

from broadsheet.config import BadSetting, Config, config
from broadsheet.giving.providers.fake import days
from broadsheet.giving.providers.fake.answering import Server
from broadsheet.giving.providers.fake.asking import socket_of
from broadsheet.giving.providers.fake.store import FILE, FOLDER, Store
from broadsheet.giving.providers.fake.telling import Messenger

log = logging.getLogger("broadsheet.giving.providers.fake")

LOOK_EVERY_S = 0.5


def main() -> int:
    try:
        settings = config()
    except BadSetting as wrong:
        print(wrong, file=sys.stderr)
        return 2
    _log_as_the_others(settings)
    settings.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.run / "fake-payments.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.error("Another fake payment provider runs on %s.", settings.data)
            return 1
        _run(settings)
    return 0


def _run(settings: Config) -> None:
    stopping, moved = threading.Event(), threading.Event()
    store = Store(settings.data / FOLDER / FILE)
    server = Server(socket_of(settings), store, moved.set)

    def stop(*_: object) -> None:
        stopping.set()
        moved.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threading.Thread(target=server.serve_forever, name="answers", daemon=True).start()
    messenger = Messenger(store, settings)
    while not stopping.is_set():
        is_more = False
        try:
            days.do_what_is_due(store)
            is_more = messenger.deliver_due(stopping)
        except Exception:
            log.exception("The fake payment provider could not do what is due, and tries again.")
            stopping.wait(5)
        if not is_more:
            moved.wait(LOOK_EVERY_S)
            moved.clear()
    server.shutdown()
    socket_of(settings).unlink(missing_ok=True)


def _log_as_the_others(settings: Config) -> None:
    written = settings.run / "logging.json"
    if written.exists():  # by the supervisor
        logging.config.dictConfig(json.loads(written.read_text()))
    else:
        logging.basicConfig(level=logging.INFO)


if __name__ == "__main__":
    sys.exit(main())
