"""Letters to one person: written from templates, a text part and an HTML part, and posted through the one mail seam."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field
from email.utils import formataddr
from typing import Any

import mrml
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from broadsheet.config import config
from broadsheet.newsroom.models import Publication

logger = logging.getLogger(__name__)


class MailNotSent(Exception):
    """A mail that did not leave the house. `permanent`: the same mail would be refused again."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class Letter:
    """`name`: the templates `mail/<name>.txt` and `mail/<name>.mjml`; `subject` may use `{publication}`."""

    name: str
    to: str
    subject: str
    context: dict[str, Any] = field(default_factory=dict)


def post(letter: Letter) -> None:
    """Send it now; raises MailNotSent. Never inside a transaction: a mail server may take seconds."""
    house = Publication.ours()
    context = {**letter.context, "publication": house, "base_url": config().base_url}
    message = EmailMultiAlternatives(
        subject=letter.subject.format(publication=house.name),
        body=render_to_string(f"mail/{letter.name}.txt", context).strip() + "\n",
        from_email=formataddr((house.name, settings.DEFAULT_FROM_EMAIL)),
        to=[letter.to],
        # Django's own Message-ID holds the time and the process id as bare numbers, which may look like a code.
        headers={"Message-ID": f"<m{secrets.token_hex(16)}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2]}>"},
    )
    rendered = mrml.to_html(render_to_string(f"mail/{letter.name}.mjml", context))
    message.attach_alternative(rendered if isinstance(rendered, str) else rendered.content, "text/html")
    message.send()


def post_notice(letter: Letter) -> None:
    """Send word of something that has already happened; if it cannot be sent, that is logged and nothing undone."""
    try:
        post(letter)
    except MailNotSent as fault:
        logger.warning("The notice %r could not be sent: %s", letter.name, fault)
