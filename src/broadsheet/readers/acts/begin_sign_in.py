"""Begin to sign in, or to register: an address is named, six digits are sent to it.

One act for both, and for every address: no account is looked up, so neither page, status, time nor mail can tell
whether there is one. That is decided when the digits come back (`finish_sign_in`), by whoever reads the mailbox.
"""

from __future__ import annotations

from django.http import HttpRequest

from broadsheet.readers import codes, limits, pending
from broadsheet.readers.models import Purpose, SentCode


def begin_sign_in(request: HttpRequest, email: str, next_path: str) -> SentCode:
    """Send a code, or keep the one sent to the same address from this browser less than a minute ago.

    `email` is clean and in lower case; `next_path` a path of ours. Raises TooMany and MailNotSent; this browser's
    earlier code, if any, then still works.
    """
    waiting = pending.find(request, Purpose.SIGN_IN)
    if waiting is not None and waiting.code.is_on_its_way_to(email):
        pending.keep(request, waiting.code, next_path)
        return waiting.code
    limits.take(limits.CODES, request, email)
    code = codes.send(Purpose.SIGN_IN, email)
    pending.keep(request, code, next_path)
    return code
