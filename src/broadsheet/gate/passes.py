"""The `pass` cookie: what tells the gate, which asks no session table, that someone is signed in; and the `supporter` cookie,
which tells it that someone without an account gave from this browser. Both hold the id of a pass in the ledger, so that they
end at once, everywhere, when it is dropped.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

PASS_NAME = "pass"  # noqa: S105 - the cookie's name
SUPPORTER_NAME = "supporter"
_TEXT_LENGTH = 22
_ID_BYTES = 16


def pass_text(id_: bytes) -> str:
    """How the id of `Ledger.give_pass` travels in the cookie."""
    return urlsafe_b64encode(id_).rstrip(b"=").decode()


def pass_id(text: str) -> bytes | None:
    """None for what cannot be one."""
    if len(text) != _TEXT_LENGTH:
        return None
    try:
        id_ = urlsafe_b64decode(text + "==")
    except (NotBase64, ValueError):
        return None
    return id_ if len(id_) == _ID_BYTES else None
