"""The one clock. Everything that asks what time it is asks here, so that a test can stand at the turn of a month.

`BROADSHEET_NOW`, honoured only with `BROADSHEET_TESTING=1`, names the moment at which the clock starts; it then runs on at
the usual pace. The server hands its children the offset, so that all its processes agree.
"""

import os
import time
from datetime import UTC, datetime

OFFSET_VARIABLE = "BROADSHEET_CLOCK_OFFSET"  # seconds; set by the server for its children


def _offset_s() -> float:
    if os.environ.get("BROADSHEET_TESTING") != "1":
        return 0.0
    if given := os.environ.get(OFFSET_VARIABLE):
        return float(given)
    if start := os.environ.get("BROADSHEET_NOW"):
        moment = datetime.fromisoformat(start)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - time.time()
    return 0.0


offset_s = _offset_s()


def timestamp() -> float:
    """Seconds since 1970, UTC."""
    return time.time() + offset_s


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.fromtimestamp(timestamp(), UTC)
