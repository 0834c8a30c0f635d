"""The one mail seam: files in the outbox, or the server that EMAIL_URL names."""

from __future__ import annotations

import logging
import os
import secrets
import smtplib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.core.mail.message import EmailMessage

from broadsheet import clock
from broadsheet.config import config
from broadsheet.readers.letters import MailNotSent
from broadsheet.site.mail_marks import note_failed, note_sent, note_written

logger = logging.getLogger(__name__)

Backend = TypeVar("Backend", bound=SmtpBackend)

PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


class ConfiguredBackend(BaseEmailBackend):
    """Django's mail backend for what the settings say. Every fault is a MailNotSent, unless asked to fail silently."""

    def __init__(self, fail_silently: bool = False, **_: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        url = config().email_url
        self._server: SmtpBackend | None = _server(url) if url else None

    def open(self) -> bool | None:
        if self._server is None:
            return None
        with _Readable(self._server.host):
            return self._server.open()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        try:
            if self._server is None:
                for message in email_messages:
                    drop(message, config().outbox)
                note_written(config())
                return len(email_messages)
            with _Readable(self._server.host):
                sent = self._server.send_messages(email_messages) or 0
            note_sent(config())
            return sent
        except MailNotSent as fault:
            note_failed(config(), str(fault))
            if self.fail_silently:
                return 0
            raise


def drop(message: EmailMessage, outbox: Path) -> Path:
    """Write the mail into the outbox as one `.eml`, whole or not at all; raises MailNotSent."""
    stamp = clock.now().strftime("%Y%m%dT%H%M%S%fZ")
    file = outbox / f"{stamp}-{secrets.token_hex(4)}.eml"
    draft = outbox / f".{file.name}.part"
    try:
        outbox.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Codes and addresses: for the owner's eyes only
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as new:
            new.write(message.message().as_bytes())
        draft.rename(file)
    except OSError as fault:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise MailNotSent(f"The outbox {outbox} could not be written: {fault}") from fault
    logger.info("Mail written to %s", file)
    return file


@dataclass(frozen=True)
class Trial:
    """What became of a test mail: `said`, what was said to the mail server and what it answered, line by line."""

    is_sent: bool
    said: tuple[str, ...]
    fault: str = ""


def try_out(message: EmailMessage) -> Trial:
    """Send `message` as every mail is sent, and listen. What is said to prove who we are is left out."""
    said: list[str] = []
    try:
        if url := config().email_url:
            backend = _server(url, _Overheard)
            backend.said = said
            with _Readable(backend.host):
                backend.send_messages([message])
            note_sent(config())
        else:
            said.append(str(drop(message, config().outbox)))
            note_written(config())
    except MailNotSent as fault:
        note_failed(config(), str(fault))
        return Trial(False, tuple(said), str(fault))
    return Trial(True, tuple(said))


class _Overheard(SmtpBackend):
    said: list[str]

    @property
    def connection_class(self) -> Any:
        """smtplib's, with somebody listening."""
        said = self.said
        plain: Any = super().connection_class

        class Connection(plain):
            def putcmd(self, cmd: str, args: str = "") -> None:
                verb = cmd.split(" ")[0].upper()
                if verb in _VERBS:
                    said.append(f"→ {verb}" if verb == "AUTH" else f"→ {verb} {args}".rstrip())
                else:
                    said.append("→ …")  # an answer to AUTH
                super().putcmd(cmd, args)

            def getreply(self) -> tuple[int, bytes]:
                code, text = super().getreply()
                said.append(f"← {code} {text.decode(errors='replace')}")
                return code, text

        return Connection


_VERBS = frozenset({"EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"})


def _server(url: str, kind: type[Backend] = SmtpBackend) -> Backend:  # type: ignore[assignment]
    parts = urlsplit(url)
    return kind(
        host=parts.hostname or "localhost",
        port=parts.port or PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_tls=parts.scheme == "smtp+tls",
        use_ssl=parts.scheme == "smtps",
        timeout=settings.EMAIL_TIMEOUT,
        fail_silently=False,
    )


class _Readable:
    """Turns what smtplib raises into MailNotSent, without the address the mail was for."""

    def __init__(self, host: str) -> None:
        self._host = host

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, _: object) -> None:
        if isinstance(fault, smtplib.SMTPRecipientsRefused):
            codes = [code for code, _ in fault.recipients.values()]
            permanent = bool(codes) and all(code >= 500 for code in codes)
            raise MailNotSent(f"{self._host} refused the recipient ({codes}).", permanent=permanent) from None
        if isinstance(fault, smtplib.SMTPResponseException):
            told = (
                fault.smtp_error.decode(errors="replace") if isinstance(fault.smtp_error, bytes) else fault.smtp_error
            )
            raise MailNotSent(
                f"{self._host} answered {fault.smtp_code} {told}", permanent=fault.smtp_code >= 500
            ) from fault
        if isinstance(fault, (smtplib.SMTPException, OSError)):
            raise MailNotSent(f"{self._host} could not be reached: {fault or type(fault).__name__}") from fault
