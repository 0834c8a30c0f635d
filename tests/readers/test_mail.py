"""Mail: files in the outbox, a real server, and what the reader is told when it cannot be sent."""

from __future__ import annotations

import logging
import stat
from collections.abc import Callable, Iterator

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.mail import EmailMessage

from broadsheet import config as settings_of_this_process
from broadsheet.readers.letters import MailNotSent
from broadsheet.readers.models import SentCode
from broadsheet.site.mail import ConfiguredBackend
from tests.readers.conftest import Browser, Outbox, new_address, pass_time
from tests.server import free_port

pytestmark = pytest.mark.django_db


class Postbox:
    """What a mail server does: keeps mails, or refuses them with the answers given to it."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.refuses_recipient = ""
        self.refuses_mail = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuses_recipient:
            return self.refuses_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuses_mail:
            return self.refuses_mail
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def email_url(monkeypatch: pytest.MonkeyPatch, outbox: Outbox) -> Iterator[Callable[[str], None]]:
    """Settings as if EMAIL_URL had been this."""

    def use(url: str) -> None:
        monkeypatch.setenv("EMAIL_URL", url)
        settings_of_this_process.config.cache_clear()

    yield use
    monkeypatch.undo()
    settings_of_this_process.config.cache_clear()


@pytest.fixture
def postbox(email_url: Callable[[str], None]) -> Iterator[Postbox]:
    postbox, port = Postbox(), free_port()
    server = Controller(postbox, hostname="127.0.0.1", port=port)
    server.start()
    email_url(f"smtp://127.0.0.1:{port}")
    yield postbox
    server.stop()


def test_a_mail_in_the_outbox_is_whole_private_and_logged_by_its_path_alone(
    outbox: Outbox, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    address = new_address("somebody-private")
    with caplog.at_level(logging.DEBUG):
        browser.post("/register/", {"email": address})
    (file,) = set(outbox.folder.glob("*")) - outbox.before
    assert file.suffix == ".eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert str(file) in caplog.text
    assert "somebody-private" not in caplog.text
    assert outbox.code_for(address) not in caplog.text


def test_a_code_reaches_a_real_mail_server(postbox: Postbox, outbox: Outbox, browser: Browser) -> None:
    address = new_address()
    assert browser.post("/register/", {"email": address})["Location"] == "/login/code/"
    (envelope,) = postbox.mails
    assert envelope.rcpt_tos == [address]
    assert b"Subject: Your code for The Broadsheet" in envelope.content
    assert outbox.mails() == []


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ({"refuses_recipient": "550 no such user"}, "spelled"),
        ({"refuses_recipient": "451 try later"}, "try again"),
        ({"refuses_mail": "554 looks like spam"}, "spelled"),
        ({"refuses_mail": "452 no room"}, "try again"),
    ],
)
def test_a_mail_that_is_refused_is_said_in_plain_words(
    postbox: Postbox, browser: Browser, refusal: dict[str, str], told: str
) -> None:
    address = new_address()
    for name, answer in refusal.items():
        setattr(postbox, name, answer)
    page = browser.post("/register/", {"email": address, "next": "/world/"})
    html = page.content.decode()
    assert page.status_code == 200
    assert told in html
    assert f'value="{address}"' in html  # nothing has to be typed again
    assert 'value="/world/"' in html
    assert not SentCode.objects.filter(email=address).exists()

    postbox.refuses_recipient = postbox.refuses_mail = ""
    assert browser.post("/register/", {"email": address})["Location"] == "/login/code/"
    assert len(postbox.mails) == 1


def test_a_server_that_is_down_is_said_in_plain_words(
    email_url: Callable[[str], None], outbox: Outbox, browser: Browser
) -> None:
    email_url(f"smtp://127.0.0.1:{free_port()}")
    address = new_address()
    page = browser.post("/register/", {"email": address})
    assert page.status_code == 200
    assert "could not be sent just now" in page.content.decode()
    email_url("")
    browser.post("/register/", {"email": address})
    browser.get("/login/code/")
    browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert browser.is_signed_in


def test_a_code_sent_again_in_vain_leaves_the_one_before_in_force(
    postbox: Postbox, browser: Browser, outbox: Outbox, email_url: Callable[[str], None]
) -> None:
    email_url("")
    address = new_address()
    browser.post("/register/", {"email": address})
    browser.get("/login/code/")
    pass_time(2)
    email_url(f"smtp://127.0.0.1:{free_port()}")
    browser.post("/login/code/again/", {})
    page = browser.get("/login/code/").content.decode()
    assert "could not be sent" in page
    assert "Send another code" in page  # at once: nothing has gone out
    browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert browser.is_signed_in


def test_an_outbox_that_cannot_be_written_is_no_server_error(outbox: Outbox, browser: Browser) -> None:
    aside = outbox.folder.with_name("outbox-aside")
    outbox.folder.mkdir(exist_ok=True)
    outbox.folder.rename(aside)
    outbox.folder.write_text("a file where the folder should be")
    try:
        page = browser.post("/register/", {"email": new_address()})
    finally:
        outbox.folder.unlink()
        aside.rename(outbox.folder)
    assert page.status_code == 200
    assert "could not be sent just now" in page.content.decode()


def test_every_fault_of_a_server_is_one_kind_of_error(email_url: Callable[[str], None]) -> None:
    email_url(f"smtp://127.0.0.1:{free_port()}")
    message = EmailMessage("Subject", "Text", "a@example.org", ["private@example.org"], connection=ConfiguredBackend())
    with pytest.raises(MailNotSent) as fault:
        message.send()
    assert not fault.value.permanent
    assert "private" not in str(fault.value)
    message.connection = ConfiguredBackend(fail_silently=True)
    assert message.send() == 0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 25, "", "", False, False)),
        ("smtps://u%40x:p%3Aw@mail.example", ("mail.example", 465, "u@x", "p:w", False, True)),
        ("smtp+tls://user:secret@mail.example:2525", ("mail.example", 2525, "user", "secret", True, False)),
    ],
)
def test_email_url_says_where_and_how(email_url: Callable[[str], None], url: str, expected: tuple[object, ...]) -> None:
    email_url(url)
    server = ConfiguredBackend()._server
    assert server is not None
    found = (server.host, server.port, server.username, server.password, server.use_tls, server.use_ssl)
    assert found == expected
