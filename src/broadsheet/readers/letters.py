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
from django.utils.functional import Promise

from broadsheet.config import config
from broadsheet.newsroom.language import speaking
from broadsheet.newsroom.models import MailWords, Publication

CODE_LETTER = "code_sign_in"

logger = logging.getLogger(__name__)


class MailNotSent(Exception):
    """A mail that did not leave the house. `permanent`: the same mail would be refused again."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class Letter:
    """`name`: the templates `mail/<name>.txt` and `mail/<name>.mjml`; `subject` may use `{publication}`.

    The subject is lazy: whoever asks for the letter may speak another language than the one it is written in.
    """

    name: str
    to: str
    subject: Promise
    context: dict[str, Any] = field(default_factory=dict)


def post(letter: Letter) -> None:
    """Send it now; raises MailNotSent. Never inside a transaction: a mail server may take seconds."""
    written(letter).send()


def written(letter: Letter) -> EmailMultiAlternatives:
    """The letter as a mail: in the edition's language, and in the publication's own words where it has any."""
    with speaking():
        return _written(letter)


def _written(letter: Letter) -> EmailMultiAlternatives:
    house, words = Publication.ours(), MailWords.ours()
    context = {**letter.context, "publication": house, "words": words, "base_url": config().base_url}
    subject = str(letter.subject).format(publication=house.name)
    text = render_to_string(f"mail/{letter.name}.txt", context).strip()
    message = EmailMultiAlternatives(
        subject=words.code_subject if letter.name == CODE_LETTER and words.code_subject else subject,
        body="\n\n".join(filter(None, [text, words.closing.strip()])) + "\n",
        from_email=formataddr((house.name, settings.DEFAULT_FROM_EMAIL)),
        to=[letter.to],
        reply_to=[words.reply_to] if words.reply_to else None,
        # Django's own Message-ID holds the time and the process id as bare numbers, which may look like a code.
        headers={"Message-ID": f"<m{secrets.token_hex(16)}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2]}>"},
    )
    rendered = mrml.to_html(render_to_string(f"mail/{letter.name}.mjml", context))
    message.attach_alternative(rendered if isinstance(rendered, str) else rendered.content, "text/html")
    return message


def post_notice(letter: Letter) -> None:
    """Send word of something that has already happened; if it cannot be sent, that is logged and nothing undone."""
    try:
        post(letter)
    except MailNotSent as fault:
        logger.warning("The notice %r could not be sent: %s", letter.name, fault)
