"""The newsroom's first screen, setting up, and the test mail."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from django.test import Client
from pytest_django.fixtures import Settings
from wagtail.models import Revision

from broadsheet import clock
from broadsheet import config as settings_of_this_process
from broadsheet.config import config
from broadsheet.giving.models import GivingSettings
from broadsheet.newsroom.acts.set_up import set_up
from broadsheet.newsroom.models import MailWords, PlainPage, Publication
from broadsheet.readers.letters import Letter, MailNotSent, post
from broadsheet.readers.models import User
from broadsheet.site import mail_marks, troubles
from broadsheet.site.catalogues import LANGUAGES
from broadsheet.site.first_start import FirstStart
from tests.factories import a_draft, a_publisher, a_reporter, a_section, an_account, an_article
from tests.payments import use
from tests.server import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_marks() -> Iterator[None]:
    for folder in (config().run, config().outbox):
        folder.mkdir(parents=True, exist_ok=True)
    yield
    for mark in ("mail.failed", "mail.sent"):
        (config().run / mark).unlink(missing_ok=True)
    FirstStart.file(config()).unlink(missing_ok=True)


def desk_of(user: User) -> Client:
    client = Client(HTTP_HOST="testserver")
    client.force_login(user)
    return client


def steps(html: str) -> dict[str, bool]:
    """Of the checklist: title, and whether it is ticked."""
    found = re.search(r'<section class="checklist".*?</section>', html, re.DOTALL)
    if found is None:
        return {}
    items = re.findall(r"<li( class=\"checklist__done\")?>(.*?)</li>", found[0], re.DOTALL)
    titles = [re.search(r"<a[^>]*>(.*?)</a>|</span>\s*([^<]+)</span>", item) for _, item in items]
    return {(m[1] or m[2]).strip(): bool(done) for (done, _), m in zip(items, titles, strict=True) if m}


# ── what to do next


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a newsroom begins: readers can give by bank transfer, once there is an account."""
    use(monkeypatch, "manual")


@pytest.mark.usefixtures("by_hand")
def test_an_empty_publication_is_asked_for_its_name_and_shown_what_to_do() -> None:
    home = desk_of(a_publisher()).get("/admin/").content.decode()
    assert "Whose publication is this?" in home
    assert set(steps(home).values()) == {False}
    assert len(steps(home)) == 8


@pytest.mark.usefixtures("by_hand")
def test_each_step_is_ticked_by_what_is_there() -> None:
    publisher = a_publisher()
    set_up(name="Harbour Post", zone="Europe/Berlin")
    an_article(a_section())
    publication = Publication.ours()
    publication.accent = "#7a0019"
    publication.save()
    about = PlainPage.objects.get(slug="about")
    about.body = "<p>We report from the harbour.</p>"
    about.save_revision().publish()
    GivingSettings.objects.create(bank_holder="Harbour Post", bank_iban="DE02120300000000202051")
    home = desk_of(publisher).get("/admin/").content.decode()
    assert "Whose publication is this?" not in home
    assert steps(home) == {
        "Name it": True,
        "Open the first section": True,
        "Publish the first story": True,
        "Let mail out": False,
        "Give it a look": True,
        "Set the meter": False,
        "Let readers give": True,
        "Say who you are": True,
    }


def test_a_reporter_is_not_asked_what_only_a_publisher_may_say() -> None:
    desk = desk_of(a_reporter())
    home = desk.get("/admin/").content.decode()
    assert "Whose publication is this?" not in home
    assert steps(home) == {}
    for address in ("/admin/setup/", "/admin/mail/"):
        answer = desk.post(address, {"name": "Mine now", "language": "en", "zone": "UTC", "to": "me@example.org"})
        assert answer.status_code in (302, 403)
    assert Publication.ours().name != "Mine now"


def test_with_the_demo_edition_it_says_how_to_be_rid_of_it() -> None:
    FirstStart("editor@localhost", demo=True).write(config())
    home = desk_of(a_publisher()).get("/admin/").content.decode()
    assert "broadsheet remove-demo" in home
    assert steps(home) == {}


def test_the_dress_is_ours_and_no_link_leads_to_wagtail() -> None:
    set_up(name="Harbour Post")
    home = desk_of(a_publisher()).get("/admin/").content.decode()
    assert "<title>Dashboard - Harbour Post</title>" in re.sub(r"\s+", " ", home)
    assert 'class="desk-name">Harbour Post<' in home
    for theirs in ("guide.wagtail.org", "docs.wagtail.org", "releases.wagtail", "wagtailadmin/images/favicon"):
        assert theirs not in home


# ── setting up


def test_the_setup_page_names_the_publication_and_the_first_editor() -> None:
    editor = an_account("editor", is_staff=True, is_superuser=True)
    editor.email = "editor@localhost"
    editor.save()
    FirstStart(editor.email, demo=False).write(config())
    desk = desk_of(editor)
    assert 'name="editor"' in desk.get("/admin/").content.decode()
    form = {"name": "Harbour Post", "language": "he", "zone": "Asia/Jerusalem", "editor": "Desk@harbour.example"}
    done = desk.post("/admin/setup/", form, follow=True)
    assert "Harbour Post it is" in done.content.decode()
    ours = Publication.ours()
    assert (ours.name, ours.language, ours.direction, ours.zone) == ("Harbour Post", "he", "rtl", "Asia/Jerusalem")
    editor.refresh_from_db()
    assert editor.email == "desk@harbour.example"
    first = FirstStart.read(config())
    assert first is not None
    assert first.editor == "desk@harbour.example"
    assert PlainPage.objects.filter(live=False).count() == 6
    # The address is given once; later it is changed as every reader changes theirs, with a code.
    assert 'name="editor"' not in desk.get("/admin/setup/").content.decode()


def test_the_setup_page_offers_the_languages_it_speaks_and_takes_any_other() -> None:
    desk = desk_of(a_publisher())
    page = desk.get("/admin/setup/").content.decode()
    offered = re.search(r'<datalist id="([^"]+)">(.*?)</datalist>', page)
    assert offered is not None
    assert re.findall(r'<option value="(\w+)">([^<]+)</option>', offered[2]) == LANGUAGES
    assert f'list="{offered[1]}"' in page
    assert "it speaks English (en), עברית (he), and English beside articles in any other" in page
    desk.post("/admin/setup/", {"name": "Le Quai", "language": "fr-CA", "zone": "America/Montreal"})
    assert (Publication.ours().language, Publication.ours().direction) == ("fr-CA", "ltr")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"language": "Hebrew!"}, "as HTML does"), ({"zone": "Mars/Phobos"}, "valid choice"), ({"name": " "}, "required")],
)
def test_what_cannot_be_used_is_said_at_its_field_and_nothing_is_changed(wrong: dict[str, str], said: str) -> None:
    before = Publication.ours().name
    form = {"name": "Harbour Post", "language": "en", "zone": "UTC", **wrong}
    refused = desk_of(a_publisher()).post("/admin/setup/", form)
    assert refused.status_code == 200
    assert said in refused.content.decode()
    assert Publication.ours().name == before
    assert Publication.ours().set_up_at is None


def test_an_address_that_is_somebody_elses_is_refused() -> None:
    taken = an_account("reader")
    editor = an_account("editor", is_staff=True, is_superuser=True)
    editor.email = "editor@localhost"
    editor.save()
    FirstStart(editor.email, demo=False).write(config())
    form = {"name": "Harbour Post", "language": "en", "zone": "UTC", "editor": taken.email}
    refused = desk_of(editor).post("/admin/setup/", form)
    assert "Another account has this address" in refused.content.decode()
    assert Publication.ours().set_up_at is None


# ── what is wrong


def test_a_story_whose_hour_has_passed_is_named_with_the_reason() -> None:
    late = a_draft(a_section(), "The late ferry")
    revision = late.save_revision()
    Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=clock.now() - timedelta(minutes=10))
    desk = desk_of(a_publisher())
    home = desk.get("/admin/").content.decode()
    assert "“The late ferry” was to be published at" in home
    assert "see whether it runs" in home
    late.body = []
    late.title = " "
    revision = late.save_revision(clean=False)
    Revision.objects.exclude(pk=revision.pk).update(approved_go_live_at=None)
    Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=clock.now() - timedelta(minutes=10))
    assert "It is refused: The story has no headline." in desk.get("/admin/").content.decode()


def test_a_story_that_is_due_just_now_is_no_trouble() -> None:
    revision = a_draft(a_section()).save_revision()
    Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=clock.now() - timedelta(seconds=20))
    assert list(troubles.schedule(config())) == []


def test_mails_that_were_begun_and_never_finished_are_counted() -> None:
    draft = config().outbox / ".x.eml.part"
    draft.write_text("From:")
    assert list(troubles.outbox(config())) == []
    os.utime(draft, (0, 0))
    try:
        assert "One mail in the outbox was begun" in desk_of(a_publisher()).get("/admin/").content.decode()
    finally:
        draft.unlink()


def test_a_disk_nearly_full_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(shutil.disk_usage("/"))(100 * 2**30, 99 * 2**30, 2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    home = desk_of(a_publisher()).get("/admin/").content.decode()
    assert "has only 1,024 MB left" in home
    assert "Make room" in home


# ── mail


class Postbox:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.refuses = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuses:
            return self.refuses
        self.mails.append(envelope)
        return "250 2.0.0 queued as 7F3A"


@pytest.fixture
def postbox(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Postbox]:
    settings.EMAIL_BACKEND = "broadsheet.site.mail.ConfiguredBackend"
    postbox, port = Postbox(), free_port()
    server = Controller(postbox, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("EMAIL_URL", f"smtp://127.0.0.1:{port}")
    settings_of_this_process.config.cache_clear()
    yield postbox
    server.stop()
    monkeypatch.undo()
    settings_of_this_process.config.cache_clear()


def test_a_test_mail_arrives_and_every_answer_of_the_server_is_shown(postbox: Postbox) -> None:
    desk = desk_of(a_publisher())
    shown = desk.post("/admin/mail/", {"to": "desk@harbour.example"}).content.decode()
    assert "The mail server took the mail for <bdi>desk@harbour.example</bdi>" in shown
    assert "← 250 2.0.0 queued as 7F3A" in shown
    assert "→ MAIL" in shown
    assert postbox.mails[0].rcpt_tos == ["desk@harbour.example"]
    assert steps(desk.get("/admin/").content.decode())["Let mail out"]


def test_what_the_server_refuses_is_shown_word_by_word_and_stays_on_the_first_screen_until_a_mail_goes(
    postbox: Postbox,
) -> None:
    postbox.refuses = "554 5.7.1 sender domain has no SPF"
    desk = desk_of(a_publisher())
    shown = desk.post("/admin/mail/", {"to": "desk@harbour.example"}).content.decode()
    assert "was not sent" in shown
    assert "← 554 5.7.1 sender domain has no SPF" in shown
    with pytest.raises(MailNotSent):
        post(Letter("trial", "reader@example.org", "x"))
    assert "The last 2 mails could not be sent" in desk.get("/admin/").content.decode()
    postbox.refuses = ""
    post(Letter("trial", "reader@example.org", "x"))
    assert "could not be sent" not in desk.get("/admin/").content.decode()
    assert mail_marks.last_failure(config()) is None


def test_without_a_mail_server_the_page_says_where_the_file_is() -> None:
    shown = desk_of(a_publisher()).post("/admin/mail/", {"to": "desk@harbour.example"}).content.decode()
    assert "No mail server is set" in shown
    (file,) = re.findall(r"/\S+\.eml", shown)
    assert "desk@harbour.example" in Path(file).read_text()


def test_an_outbox_that_could_not_be_written_is_forgotten_once_it_can() -> None:
    desk = desk_of(a_publisher())
    mail_marks.note_failed(config(), "The outbox could not be written: No space left on device")
    assert "The last mail could not be sent: The outbox" in desk.get("/admin/").content.decode()
    desk.post("/admin/mail/", {"to": "desk@harbour.example"})
    assert mail_marks.last_failure(config()) is None
    assert not mail_marks.has_sent(config())


def test_no_password_is_overheard(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    server = Controller(
        Postbox(), hostname="127.0.0.1", port=port, auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=False, handled=False, message="535 5.7.8 who are you"),
    )  # fmt: skip
    server.start()
    monkeypatch.setenv("EMAIL_URL", f"smtp://news:sesame@127.0.0.1:{port}")
    settings_of_this_process.config.cache_clear()
    try:
        shown = desk_of(a_publisher()).post("/admin/mail/", {"to": "desk@harbour.example"}).content.decode()
    finally:
        server.stop()
        monkeypatch.undo()
        settings_of_this_process.config.cache_clear()
    assert "was not sent" in shown
    assert "535" in shown
    for secret in ("sesame", "c2VzYW1l", "AG5ld3MAc2VzYW1l"):
        assert secret not in shown


def test_the_publications_own_words_are_in_its_mails(postbox: Postbox) -> None:
    MailWords.objects.create(
        reply_to="desk@harbour.example", code_subject="Six digits {from} the harbour", code_opening="Ahoy & welcome:",
        closing="Harbour Post\nPier 4",
    )  # fmt: skip
    post(
        Letter("code_sign_in", "reader@example.org", "Your code for {publication}", {"digits": "123456", "minutes": 10})
    )
    content = postbox.mails[0].content
    assert isinstance(content, bytes)
    mail = message_from_bytes(content, policy=policy.default)
    assert mail["Subject"] == "Six digits {from} the harbour"
    assert mail["Reply-To"] == "desk@harbour.example"
    bodies = [mail.get_body((kind,)) for kind in ("plain", "html")]
    text, html = (body.get_content() for body in bodies if body is not None)
    text = text.replace("\r\n", "\n")
    assert text.startswith("Ahoy & welcome:")
    assert text.rstrip().endswith("Harbour Post\nPier 4")
    assert "Ahoy &amp; welcome:" in html
    assert "123456" in html


def test_a_mark_that_is_broken_is_no_fault() -> None:
    (config().run / "mail.failed").write_text(json.dumps({"at": "yesterday"}))
    assert mail_marks.last_failure(config()) is None
