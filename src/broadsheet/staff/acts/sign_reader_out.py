"""Sign a reader out everywhere: a telephone was lost, a library's computer left open."""

from __future__ import annotations

from broadsheet.readers.acts.end_sessions import end_all_sessions
from broadsheet.readers.models import User
from broadsheet.staff.trail import record


def sign_reader_out(user: User, *, by: User, reason: str) -> None:
    """The gate forgets their passes at once, on every worker."""
    end_all_sessions(user)
    record("reader.sessions_ended", user, by=by, reason=reason)
