"""Send another code to the address a browser waits on: at most once a minute, whoever presses how often."""

from __future__ import annotations

from django.http import HttpRequest

from broadsheet.readers import codes, limits
from broadsheet.readers.pending import Pending


def send_code_again(request: HttpRequest, waiting: Pending) -> bool:
    """Whether one was sent; the digits before then no longer work, and there are five tries anew.

    False within a minute of the last sending, also to all but one of several presses at the same moment, and once the
    code was used. Raises TooMany and MailNotSent: then nothing has changed.
    """
    with codes.sending_again(waiting.code) as may:
        if may:
            limits.take(limits.CODES, request, waiting.code.email)
            codes.send_new_digits(waiting.code)
        return may
