"""The `appeal` cookie: this reader closed an appeal today, and is not asked again before tomorrow.

Stored pages hold their appeals for everyone of a class. Who closed one gets a mark as one of the last elements of `<body>`,
which our style sheet hides them by: without script, in the same answer, before anything is painted.
"""

from __future__ import annotations

from broadsheet.gate.cookie import cookie_values

APPEAL_NAME = "appeal"
CLOSED = "closed"
MARK = b'<span class="appeal-closed" hidden></span>'


def is_closed(cookies: str) -> bool:
    """What a Cookie header says."""
    return APPEAL_NAME in cookies and CLOSED in cookie_values(cookies, APPEAL_NAME)
