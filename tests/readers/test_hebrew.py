"""A Hebrew edition: no word of English is left on any page a reader can meet, nor in a letter.

Everything an editor would have written is Hebrew here, so whatever is in Latin letters was forgotten by us.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.http import HttpResponse
from django.test import Client
from django.utils import translation
from wagtail.documents import get_document_model
from wagtail.users.models import UserProfile

from broadsheet import clock
from broadsheet.gate.ledger import open_ledger
from broadsheet.meter.force import publish_snapshot
from broadsheet.newsroom import views
from broadsheet.newsroom.acts.break_news import break_news
from broadsheet.newsroom.acts.most_read import say_most_read
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.models import Article, Byline, FrontPage, Person, PlainPage, Publication, Section, Topic
from broadsheet.newsroom.purge import page_store
from broadsheet.readers import codes
from broadsheet.readers.letters import Letter, written
from broadsheet.readers.models import Purpose
from tests.factories import PASSWORD, a_picture, a_publisher, an_account
from tests.readers.conftest import Browser, Outbox, another, new_address, pass_time, text_of
from tests.site.markup import Markup
from tests.staff.test_second_factor import set_up, staff_member, with_password

pytestmark = pytest.mark.django_db

PARAGRAPHS = (
    "מועצת העיר הצביעה ביום שלישי בערב בעד המשך הפעלת המעבורת גם בחורף, אחרי דיון של שעה.",
    "כארבעים תושבים הגיעו לאולם, רובם מהגדה המזרחית, שאין ממנה דרך אחרת אל העיר.",
    "הסבסוד ישולם מקרן הנמל, כך אמרה הגזברית, ויובא שוב להצבעה באביב.",
    "שני חברי מועצה נמנעו משום שמחיר המנוע החדש לא הוצג בכתב לפני הישיבה.",
    "אם הסירה השנייה תחזור במאי תלוי בבדיקת הגוף שלה, שהמספנה תסיים במרץ.",
)


# ── what somebody sees of a page, or is told


class Shown(HTMLParser):
    """Every text of a page that is read or heard, and what search engines and link previews quote from its head."""

    ATTRIBUTES = frozenset({"alt", "aria-label", "aria-description", "data-copied", "label", "placeholder", "title"})
    QUOTED = frozenset({"description", "og:title", "og:description", "og:image:alt", "twitter:image:alt"})
    UNREAD = frozenset({"script", "style", "svg", "code"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._around: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.words += [value or "" for name, value in attributes if name in self.ATTRIBUTES]
        if tag == "meta" and (given.get("name") or given.get("property")) in self.QUOTED:
            self.words.append(given.get("content") or "")
        if tag in self.UNREAD:
            self._around.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.UNREAD:
            self._around.pop()

    def handle_data(self, data: str) -> None:
        if self._around == ["script"] and data.lstrip().startswith('{"@context"'):
            self.words += _said_to_machines(json.loads(data))
        elif not self._around:
            self.words.append(data)


def _said_to_machines(data: Any, name: str = "") -> Iterator[str]:
    """The words of structured data, which search engines show."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _said_to_machines(value, key)
    elif isinstance(data, list):
        for value in data:
            yield from _said_to_machines(value, name)
    elif name in ("name", "headline", "alternativeHeadline", "description", "caption", "articleSection", "jobTitle"):
        yield str(data)


# Names that are the same in every language, and what is no word: addresses, and the endings of files.
NO_WORD = re.compile(
    r"""\S+@\S+ | https?://\S+ | \bexample\.org\b | /account/
    | \b(?:RSS|Atom|JSON|Feed|WhatsApp|Facebook|Bluesky|JavaScript|YouTube|Firefox|Linux|PDF|MP3)\b""",
    re.VERBOSE,
)


def left_in_english(html: str) -> list[str]:
    return [" ".join(words.split()) for words in Shown(html).words if re.search("[A-Za-z]{2}", NO_WORD.sub("", words))]


def is_hebrew(html: str) -> bool:
    """Also that it says so to browsers, and is not merely empty."""
    assert '<html lang="he" dir="rtl"' in html
    assert re.search("[א-ת]{3}", "".join(Shown(html).words))
    assert left_in_english(html) == []
    return True


def test_a_forgotten_word_is_found_wherever_it_stands() -> None:
    for forgotten in (
        "<p>שלום <b>Log in</b></p>",
        '<a aria-label="Search" href="/search/">חיפוש</a>',
        '<meta name="description" content="News of World">',
        '<script type="application/ld+json">{"@context":"x","name":"Front page"}</script>',
    ):
        assert left_in_english(forgotten), forgotten
    assert not left_in_english('<p title="עדכונים (RSS)">כתבו אל desk@example.org</p><script>let word</script>')


# ── the edition


@pytest.fixture(autouse=True)
def edition() -> Iterator[None]:
    """A small newspaper in Hebrew, with everything a story can have."""
    caches["default"].clear()
    page_store().purge_all()
    Publication.objects.update_or_create(
        pk=Publication.ours().pk or 1,
        defaults={
            "name": "הגיליון",
            "tagline": "חדשות הנמל והעיר",
            "language": "he",
            "direction": "rtl",
            "zone": "Asia/Jerusalem",
            "contact": "desk@example.org",
            "telephone": "+972 3 555 0100",
        },
    )
    publish_snapshot()
    yield
    Publication.objects.update(language="en", direction="ltr", name="The Broadsheet")
    publish_snapshot()


@pytest.fixture
def stories() -> list[Article]:
    section = FrontPage.objects.get().add_child(instance=Section(title="חדשות", slug="news"))
    topic = Topic.objects.create(name="מעבורות", slug="ferries")
    people = [
        Person.objects.create(name=name, slug=slug, role="כתבת", bio="כותבת על הנמל.")
        for name, slug in (("דנה כהן", "dana"), ("רות לוי", "ruth"))
    ]
    picture = a_picture("המעבורת", caption="המעבורת ליד הרציף.", credit="צילום: דנה כהן", alt_text="מעבורת קטנה.")
    kinds = ("article", "opinion", "analysis", "feature", "article", "article", "article", "article")
    made = []
    for number, kind in enumerate(kinds):
        story = section.add_child(
            instance=Article(
                title=f"המעבורת נשארת {number}",
                slug=f"story-{number}",
                standfirst="המועצה מצביעה בעד עוד חורף.",
                kicker="הנמל" if number % 2 else "",
                kind=kind,
                members_only=number == 4,
                picture=picture if number < 2 else None,
                body=json.dumps(_body(picture.pk))
                if number == 0
                else [("paragraph", f"<p>{p}</p>") for p in PARAGRAPHS * 3],
                live=False,
            )
        )
        for order, person in enumerate(people[: 1 + number % 2]):
            Byline.objects.create(article=story, person=person, sort_order=order)
        story.topics.add(topic)
        story.save()
        publish(story, first_published_at=datetime(2026, 1, 1 + number, 9, tzinfo=UTC))
        made.append(Article.objects.get(pk=story.pk))
    return made


def _body(picture: int) -> list[dict[str, Any]]:
    document = get_document_model().objects.create(title="פסק הדין", file=ContentFile(b"%PDF-1.4", "ruling.pdf"))
    recording = get_document_model().objects.create(title="השיחה", file=ContentFile(b"ID3", "call.mp3"))
    blocks: list[tuple[str, Any]] = [
        *(("paragraph", f"<p>{paragraph}</p>") for paragraph in PARAGRAPHS * 2),
        ("gallery", {"heading": "", "pictures": [{"picture": picture, "caption": ""}]}),
        ("table", {"data": [["חודש"], ["ינואר"]], "first_row_is_table_header": True, "table_caption": "נוסעים"}),
        ("quote", {"text": "נמשיך.", "speaker": "רות מזרחי", "role": "תושבת"}),
        ("fact_box", {"heading": "המעבורת", "text": "<p>נבנתה לפני שנים.</p>"}),
        ("file", {"document": document.pk, "title": ""}),
        ("audio", {"audio": recording.pk, "title": "השיחה", "credit": "", "transcript": "<p>שלום?</p>"}),
        ("embed", {"url": "https://youtu.be/dQw4w9WgXcQ", "title": "המעבורת יוצאת", "thumbnail": None}),
    ]
    return [{"type": name, "value": value} for name, value in blocks]


def page(path: str, verdict: str) -> str:
    """As the gate asks for it."""
    answer = Client(HTTP_HOST="testserver").get(path, headers={"X-Broadsheet-Page": verdict})
    assert answer.status_code == 200, path
    return html_of(answer) + "</body></html>"


def html_of(answer: HttpResponse) -> str:
    return answer.content.decode()


# ── pages for everybody


@pytest.mark.parametrize("verdict", list("aresbwx"))
def test_pages_for_every_class_of_readers_are_hebrew(stories: list[Article], verdict: str) -> None:
    say_most_read([story.pk for story in stories])
    break_news(stories[3], clock.now() + timedelta(hours=1), by=None)
    for path in ("/", "/news/", "/topics/ferries/", "/people/dana/", *(story.url for story in stories[:5])):
        assert is_hebrew(page(path, verdict)), path


def test_what_a_link_is_called_holds_what_it_shows(stories: list[Article]) -> None:
    """Or nobody could say it to a machine that presses links (WCAG 2.2, 2.5.3): each was translated by itself."""
    named = [
        (element.attributes["aria-label"], element.text.strip())
        for path in ("/", "/news/", stories[-1].url)
        for element in Markup(page(path, "a")).elements
        if element.name in ("a", "button") and element.attributes.get("aria-label") and element.text.strip()
    ]
    assert named
    for name, shown in named:
        assert shown in str(name)


def test_further_pages_of_a_list_are_hebrew(stories: list[Article], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadsheet.newsroom.listings.PER_PAGE", 3)
    for path in ("/news/page/2/", "/topics/ferries/page/2/", "/people/dana/page/2/"):
        html = page(path, "a")
        assert "כתבות ישנות יותר" in html
        assert is_hebrew(html), path


def test_a_plain_page_is_hebrew_around_its_text() -> None:
    about = FrontPage.objects.get().add_child(
        instance=PlainPage(title="אודות", slug="about", body="<p>מי אנחנו.</p>", live=False)
    )
    about.save_revision().publish()
    assert is_hebrew(page(about.url, "a"))


def test_a_page_names_its_dates_in_hebrew(stories: list[Article]) -> None:
    html = page(stories[1].url, "a")
    assert "פורסם: <time" in html
    assert ">2 בינואר 2026</time>" in html
    assert "דנה כהן</a> ו<a" in html  # the “and” of a byline is written onto the name


def test_an_edition_with_nothing_in_it_says_so_in_hebrew() -> None:
    FrontPage.objects.get().add_child(instance=Section(title="ריק", slug="empty"))
    Topic.objects.create(name="ריק", slug="empty")
    Person.objects.create(name="איש", slug="nobody")
    for path in ("/", "/empty/", "/topics/empty/", "/people/nobody/"):
        for verdict in "ae":
            assert is_hebrew(page(path, verdict)), path


@pytest.mark.parametrize("has_account", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_the_notice_is_hebrew(count: int, has_account: bool) -> None:
    policy = open_ledger().policy()
    assert policy is not None
    notice = policy.notice(count, has_account).decode()
    assert left_in_english(notice) == []
    assert re.search("[א-ת]{3}", notice)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=המעבורת",
        "q=המעבורת&sort=date&section=news&topic=ferries&person=dana&from=2025-01-01",
        "q=המעבורט",
        "q=אבגדהוז",
        "q=אבגדהוז&section=news",
        "q=א",
        "q=-",
        "q=המעבורת&from=x",
        "q=המעבורת&from=2026-02-01&to=2026-01-01",
        "q=המעבורת&section=x&topic=y&person=z&page=q",
        "from=1999-01-01&to=1999-01-02",
        "q=" + "+".join(["המעבורת"] * 30),
    ],
)
def test_search_is_hebrew(stories: list[Article], query: str) -> None:
    assert is_hebrew(html_of(Browser().get(f"/search/?{query}")))


def test_too_many_searches_are_refused_in_hebrew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadsheet.newsroom.searching.view.MOST_IN_A_MINUTE", 0)
    answer = Browser().get("/search/?q=המעבורת")
    assert answer.status_code == 429
    assert is_hebrew(html_of(answer))


def test_errors_are_hebrew(stories: list[Article], monkeypatch: pytest.MonkeyPatch) -> None:
    unpublish(stories[2])
    client = Client(HTTP_HOST="testserver", raise_request_exception=False, enforce_csrf_checks=True)

    def breaks(_now: datetime) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(views, "compose", breaks)
    found = {
        404: client.get("/nothing/is/here/"),
        410: client.get(stories[2].url),
        403: client.post("/account/name/", {"name": "x"}, headers={"Origin": "https://elsewhere.example"}),
        500: client.get("/", headers={"X-Broadsheet-Page": "a"}),
    }
    for status, answer in found.items():
        assert answer.status_code == status
        assert is_hebrew(html_of(answer)), status


# ── accounts


def test_registering_is_hebrew_at_every_turn(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    for path in ("/register/", "/login/", "/login/password/", "/login/passkey/", "/account/reads/"):
        assert is_hebrew(html_of(browser.get(path))), path
    assert is_hebrew(html_of(browser.post("/register/", {"email": "nobody"})))
    assert is_hebrew(html_of(browser.post("/register/", {"email": ""})))
    assert is_hebrew(html_of(browser.post("/login/password/", {"email": address, "password": "wrong"})))

    browser.post("/register/", {"email": address, "next": "/"})
    for typed in ("", "12", another(outbox.code_for(address))):
        answer = browser.post("/login/code/", {"code": typed})
        assert "הקלידו את שש הספרות" in html_of(answer)
        assert is_hebrew(html_of(answer)), typed
    browser.post("/login/code/again/", {})
    assert is_hebrew(html_of(browser.get("/login/code/")))
    pass_time(11)
    assert "כבר אינו תקף" in html_of(browser.get("/login/code/"))
    assert is_hebrew(html_of(browser.get("/login/code/")))
    browser.post("/login/code/again/", {})
    assert is_hebrew(html_of(browser.get("/login/code/")))


def test_an_account_is_hebrew_on_all_its_pages(browser: Browser, outbox: Outbox) -> None:
    browser.sign_in(new_address(), outbox)
    other = Browser()
    address = outbox.mails()[-1]["To"]
    other.sign_in(address, outbox)
    for path in ("", "reads/", "name/", "email/", "password/", "sessions/", "confirm/", "delete/"):
        assert is_hebrew(html_of(browser.get(f"/account/{path}"))), path
    assert is_hebrew(html_of(browser.get("/logout/")))

    browser.post("/account/name/", {"name": "דנה"})
    assert "השם שלכם שונה." in html_of(browser.get("/account/"))
    for password in ("short", "1234567890123", address):
        assert is_hebrew(html_of(browser.post("/account/password/", {"password": password}))), password
    browser.post("/account/password/", {"password": PASSWORD})
    browser.post("/account/sessions/end/", {"others": "1"})
    assert is_hebrew(html_of(browser.get("/account/")))
    assert is_hebrew(html_of(browser.get("/account/password/")))

    assert is_hebrew(html_of(browser.post("/account/email/", {"email": address})))
    browser.post("/account/email/", {"email": new_address()})
    assert is_hebrew(html_of(browser.get("/account/email/code/")))
    assert is_hebrew(html_of(browser.post("/account/delete/", {"email": "x@example.org"})))
    assert is_hebrew(html_of(browser.post("/account/delete/", {"email": address})))


def test_a_reader_who_asks_too_often_waits_in_hebrew(browser: Browser) -> None:
    address = new_address()
    for _ in range(6):
        browser.post("/register/", {"email": address})
        pass_time(2)
    answer = browser.post("/register/", {"email": address})
    assert answer.status_code == 429
    assert "נסו שוב בעוד" in html_of(answer)
    assert is_hebrew(html_of(answer))


def test_a_closed_account_is_told_in_hebrew(browser: Browser) -> None:
    user = an_account()
    user.is_active = False
    user.save()
    browser.get("/login/password/")
    answer = browser.post("/login/password/", {"email": user.email, "password": PASSWORD})
    assert is_hebrew(html_of(answer))


def test_staff_are_asked_for_their_second_factor_in_hebrew(browser: Browser, outbox: Outbox) -> None:
    editor = staff_member()
    with_password(browser, editor)
    own = "/account/second-factor/"
    for path in ("", "app/", "passkey/", "passkey/?key=1"):
        assert is_hebrew(html_of(browser.get(own + path))), path
    assert is_hebrew(html_of(browser.post(f"{own}app/", {"code": "000000"})))

    browser.get(f"{own}app/")
    set_up(browser)
    overview = html_of(browser.get(own))
    (removal,) = re.findall(rf'href="({own}\S*remove\S*)"', overview)
    for path in (own, f"{own}codes/", removal, "/account/confirm/factor/"):
        assert is_hebrew(html_of(browser.get(path))), path

    another_browser = Browser()
    asked = with_password(another_browser, editor)["Location"]
    assert is_hebrew(html_of(another_browser.get(asked)))
    assert is_hebrew(html_of(another_browser.post(asked, {"code": "000000"})))
    for mail in outbox.mails(editor.email):
        letter_of(mail)


# ── letters


def letter_of(mail: Any) -> None:
    """Subject and both parts are Hebrew, and the HTML says that it is read from the right."""
    for words in (mail["Subject"], text_of(mail)):
        assert re.search("[א-ת]{3}", words)
        assert not re.search("[A-Za-z]{2}", NO_WORD.sub("", words)), words
    html = text_of(mail, "html")
    assert re.search(r'<html[^>]* dir="rtl"', html)
    assert re.search(r'<html[^>]* lang="he"', html)
    assert left_in_english(html) == []
    assert "direction:ltr" not in html  # MJML's own default, which would part every full stop from its sentence
    assert "text-align:right" in html


@pytest.mark.parametrize("purpose", list(Purpose))
def test_codes_are_sent_in_hebrew_also_by_a_process_that_speaks_english(outbox: Outbox, purpose: Purpose) -> None:
    address = new_address()
    with translation.override("en"):
        codes.send(purpose, address)
    (mail,) = outbox.mails(address)
    letter_of(mail)
    assert outbox.code_for(address)


def test_what_happens_to_an_account_is_told_in_hebrew(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.sign_in(address, outbox)
    browser.post("/account/password/", {"password": PASSWORD})
    browser.post("/account/password/", {"password": PASSWORD + " again"})
    browser.post("/account/password/", {"remove": "1"})
    new = new_address()
    browser.post("/account/email/", {"email": new})
    browser.post("/account/email/code/", {"code": outbox.code_for(new)})
    browser.post("/account/delete/", {"email": new})
    mails = [*outbox.mails(address), *outbox.mails(new)]
    assert len(mails) == 7  # a code, three about the password, the address left; a code and the deletion there
    for mail in mails:
        letter_of(mail)


def test_an_editor_who_speaks_english_writes_to_readers_in_hebrew(outbox: Outbox) -> None:
    reader, other, publisher = an_account(), an_account(), a_publisher()
    profile = UserProfile.get_for_user(publisher)
    profile.preferred_language = "en"
    profile.save()
    desk = Client(HTTP_HOST="testserver")
    desk.force_login(publisher)
    session = desk.session
    session["proved_at"] = clock.timestamp()
    session.save()

    merging, erasing = (f"/admin/help-desk/{reader.pk}/{act}/" for act in ("merge", "erase"))
    assert "Merge two accounts" in html_of(desk.get(merging))  # the desk is in the editor's language
    desk.post(merging, {"other": other.email, "reason": "Asked.", "confirmed": str(other.pk)})
    desk.post(erasing, {"reason": "Asked.", "address": reader.email})
    mails = [*outbox.mails(reader.email), *outbox.mails(other.email)]
    assert len(mails) == 3
    for mail in mails:
        letter_of(mail)


# ── a language we have no words of


def test_an_edition_in_another_language_is_served_in_english_and_says_its_own(outbox: Outbox) -> None:
    Publication.objects.update(language="tlh", direction="ltr")
    html = html_of(Browser().get("/register/"))
    assert '<html lang="tlh" dir="ltr">' in html
    assert "Send me a code" in html
    with translation.override("he"):
        mail = written(
            Letter("code_sign_in", "a@example.org", codes._SUBJECTS[Purpose.SIGN_IN], {"digits": "1", "minutes": 10})
        )
    assert mail.subject == "Your code for הגיליון"
    assert "It works once" in mail.body
