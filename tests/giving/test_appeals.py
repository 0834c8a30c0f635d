"""Appeals as readers meet them on a page, and as publishers write them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import translation

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.meter import ReaderClass
from broadsheet.giving import providers, words
from broadsheet.giving.appeals import place_in
from broadsheet.giving.models import Appeal, GivingSettings, Place
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.models import Article, ChangeClass, Publication, PublishedVersion
from broadsheet.newsroom.purge import page_store
from broadsheet.readers.entitlements import entitle
from broadsheet.readers.models import User
from tests.factories import PARAGRAPHS, a_publisher, an_account, an_article, an_editor
from tests.newsroom.conftest import Gate, _empty_page_store, gate
from tests.site.markup import Element, Markup

__all__ = ["_empty_page_store", "gate"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("takes_gifts")]

COMMITTED = pytest.mark.django_db(transaction=True)  # a purge is carried out by the commit

HOUSE = "Just before you scroll on…"


@pytest.fixture
def takes_gifts(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "fake")


def use(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As PAYMENTS would."""
    chosen = replace(config(), payments=names)
    monkeypatch.setattr(providers, "config", lambda: chosen)


def appeals_on(html: str) -> list[str]:
    """The places of the appeals on a page, in its order."""
    return re.findall(r'<aside class="appeal appeal--(\w+)"', html)


def an_appeal(place: Place, **fields: Any) -> Appeal:
    return Appeal.objects.create(place=place, **{"order": 1, **fields})


def links_of(html: str) -> list[Element]:
    return [link for link in Markup(html).all("a") if (link.attributes["href"] or "").startswith("/donate/?")]


# ── who is asked


@pytest.mark.parametrize(
    ("verdict", "places"),
    [("a", ["end"]), ("r", ["end"]), ("s", []), ("b", []), ("e", []), ("w", ["wall"]), ("x", ["wall"]), ("y", [])],
)
def test_who_gives_already_is_never_asked(gate: Gate, verdict: str, places: list[str]) -> None:
    assert appeals_on(gate.html(an_article().url, verdict)) == places


def test_without_a_word_from_the_gate_nobody_is_asked_twice(gate: Gate) -> None:
    page = gate.client.get(an_article().url).content.decode()  # walled, as for a stranger
    assert appeals_on(page) == ["wall"]


def test_an_appeal_has_the_words_of_the_house_and_amounts_that_lead_to_the_donation_page(gate: Gate) -> None:
    article = an_article()
    html = gate.html(article.url)
    assert HOUSE in html
    assert f"{Publication.ours().name} is paid for by its readers." in html

    asked = [parse_qs(urlsplit(link.attributes["href"] or "").query) for link in links_of(html)]
    shown = Appeal.objects.get(place=Place.END)
    for query in asked:
        assert (query["appeal"], query["place"], query["article"]) == ([str(shown.pk)], ["end"], [str(article.pk)])
    assert [(query["frequency"], query.get("amount")) for query in asked] == [
        (["monthly"], ["5"]),
        (["monthly"], ["10"]),
        (["monthly"], ["15"]),
        (["monthly"], ["25"]),
        (["monthly"], None),
        (["once"], None),
    ]
    assert "€5" in links_of(html)[0].text
    assert "monthly" in links_of(html)[0].text


def test_without_amounts_it_only_leads_there(gate: Gate) -> None:
    Appeal.objects.filter(place=Place.END).update(shows_amounts=False)
    assert len(links_of(gate.html(an_article().url))) == 2


@COMMITTED
def test_nobody_is_asked_for_what_could_not_be_taken(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "manual")  # and no account to transfer to
    article = an_article()
    assert appeals_on(gate.html(article.url)) == []
    settings = GivingSettings.ours()
    settings.bank_iban = "DE89370400440532013000"
    settings.save()
    html = gate.html(article.url)
    assert appeals_on(html) == ["end"]
    assert {parse_qs(urlsplit(link.attributes["href"] or "").query)["frequency"][0] for link in links_of(html)} == {
        "once"  # a transfer cannot promise to come again
    }


def test_nobody_is_asked_while_giving_is_off(gate: Gate) -> None:
    settings = GivingSettings.ours()
    settings.on = False
    settings.save()
    assert appeals_on(gate.html(an_article().url)) == []


# ── stories of grief


def test_nobody_is_asked_on_a_story_of_grief(gate: Gate) -> None:
    an_appeal(Place.INSIDE, after_paragraphs=2)
    article = an_article(is_grief=True)
    for verdict in "arwx":
        assert appeals_on(gate.html(article.url, verdict)) == []


@COMMITTED
def test_marking_a_story_takes_its_page_away_and_makes_no_version_of_it(gate: Gate) -> None:
    article = an_article()
    assert appeals_on(gate.html(article.url)) == ["end"]
    versions = PublishedVersion.objects.filter(article_id=article.pk).count()

    article.is_grief = True
    publish(article, change=ChangeClass.STYLE)
    assert gate.kept(article.url) is None
    assert appeals_on(gate.html(article.url)) == []
    assert PublishedVersion.objects.filter(article_id=article.pk).count() == versions
    assert Article.objects.get(pk=article.pk).change == "", "the next change is another one"

    article.is_grief = False
    article.save(update_fields=["is_grief"])
    assert appeals_on(gate.html(article.url)) == ["end"]


# ── where it stands


def test_inside_it_stands_after_so_many_paragraphs(gate: Gate) -> None:
    Appeal.objects.filter(place=Place.END).delete()
    an_appeal(Place.INSIDE, after_paragraphs=2)
    html = gate.html(an_article().url)
    assert appeals_on(html) == ["inside"]
    before, _, after = html.partition('<aside class="appeal')
    assert [PARAGRAPHS[1] in before, PARAGRAPHS[2] in before, PARAGRAPHS[2] in after] == [True, False, True]


def test_inside_a_story_that_was_typed_into_one_block_too(gate: Gate) -> None:
    Appeal.objects.filter(place=Place.END).delete()
    an_appeal(Place.INSIDE, after_paragraphs=2)
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    html = gate.html(an_article(body=[("paragraph", text)]).url)
    assert appeals_on(html) == ["inside"]
    before, _, after = html.partition('<aside class="appeal')
    assert [PARAGRAPHS[1] in before, PARAGRAPHS[2] in before, PARAGRAPHS[2] in after] == [True, False, True]


def test_and_in_a_shorter_story_at_its_end(gate: Gate) -> None:
    Appeal.objects.filter(place=Place.END).delete()
    an_appeal(Place.INSIDE, after_paragraphs=len(PARAGRAPHS))
    html = gate.html(an_article().url)
    assert appeals_on(html) == ["inside"]
    assert html.index(PARAGRAPHS[-1]) < html.index('<aside class="appeal')


def test_a_short_story_does_not_ask_twice_at_its_end(gate: Gate) -> None:
    an_appeal(Place.INSIDE, after_paragraphs=len(PARAGRAPHS))
    assert appeals_on(gate.html(an_article().url)) == ["end"]


def test_a_walled_story_asks_on_its_wall_only(gate: Gate) -> None:
    an_appeal(Place.INSIDE, after_paragraphs=1)
    assert appeals_on(gate.html(an_article().url, "w")) == ["wall"]


@pytest.mark.parametrize(
    ("body", "after", "place"),
    [
        ("ppppp", 2, (2, 0)),
        ("ppppp", 4, (4, 0)),
        ("ppppp", 5, None),  # nothing follows
        ("p", 1, None),
        ("", 1, None),
        ("pslpp", 1, (1, 0)),  # before a subheading
        ("plpp", 1, (3, 0)),  # never between a paragraph and the list it leads to
        ("pqqp", 1, None),
        ("sppp", 2, (3, 0)),  # a subheading is no paragraph
        ("Dpp", 2, (1, 0)),  # one block may hold two
        ("pDp", 2, (1, 1)),  # and be parted between them
        ("D", 1, (0, 1)),
        ("D", 2, None),
        ("pqD", 1, (2, 1)),
    ],
)
def test_it_parts_nothing_that_belongs_together(body: str, after: int, place: tuple[int, int] | None) -> None:
    kinds = {
        "p": ("paragraph", "<p>Some words.</p>"),
        "D": ("paragraph", "<p>Some words.</p><p>And more.</p>"),
        "s": ("subheading", "A subheading"),
        "l": ("list", "<ul><li>A point</li></ul>"),
        "q": ("quote", {"text": "Words", "speaker": "", "role": ""}),
    }
    assert place_in(list(Article(body=[kinds[letter] for letter in body]).body), after) == place


def test_of_several_in_one_place_the_first_in_order_stands(gate: Gate) -> None:
    an_appeal(Place.END, heading="Not this one", order=20)
    an_appeal(Place.END, heading="This one", order=2)
    html = gate.html(an_article().url)
    assert "This one" in html
    assert "Not this one" not in html
    assert appeals_on(html) == ["end"]


# ── when


@COMMITTED
def test_every_change_takes_the_pages_away_that_it_is_seen_on(gate: Gate) -> None:
    article = an_article()

    def shown() -> list[str]:
        return appeals_on(gate.html(article.url))

    assert shown() == ["end"]
    appeal = Appeal.objects.get(place=Place.END)
    appeal.is_on = False
    appeal.save()
    assert shown() == []
    appeal.is_on = True
    appeal.save()
    assert shown() == ["end"]
    Appeal.objects.filter(pk=appeal.pk).delete()
    assert shown() == []
    new = an_appeal(Place.END)
    assert shown() == ["end"]
    new.delete()
    assert shown() == []


@COMMITTED
def test_other_amounts_are_on_the_page_at_once(gate: Gate) -> None:
    article = an_article()
    assert "€25" in gate.html(article.url)
    settings = GivingSettings.ours()
    settings.monthly_amounts, settings.currency = "7 77", "GBP"
    settings.save()
    assert "£77" in gate.html(article.url)


@COMMITTED
def test_pages_of_those_who_are_never_asked_stay(gate: Gate) -> None:
    article = an_article()
    gate.html(article.url, "s")
    Appeal.objects.get(place=Place.END).save()
    assert gate.kept(article.url, "s") is not None


@COMMITTED
def test_a_page_is_kept_until_an_appeal_begins_and_until_it_ends(gate: Gate) -> None:
    Appeal.objects.filter(place=Place.END).delete()
    now = clock.now()
    appeal = an_appeal(Place.END, from_at=now + timedelta(hours=1), until_at=now + timedelta(hours=2))
    article = an_article()
    assert appeals_on(gate.html(article.url)) == []
    assert until_s(article) == pytest.approx((now + timedelta(hours=1)).timestamp())
    appeal.from_at = now - timedelta(hours=1)
    appeal.save()
    assert appeals_on(gate.html(article.url)) == ["end"]
    assert until_s(article) == pytest.approx((now + timedelta(hours=2)).timestamp())
    appeal.until_at = now
    appeal.save()
    assert appeals_on(gate.html(article.url)) == []


def until_s(article: Article) -> float:
    page = page_store().page(article.url, "a", "g")
    assert page is not None
    return page.until_s


# ── in which words


def test_what_a_publisher_wrote_is_said_as_written_and_nothing_in_it_is_markup(gate: Gate) -> None:
    an_appeal(Place.END, heading="<b>Give</b>", text="{name} & you\n\nare one.", button="Go & give")
    html = gate.html(an_article().url)
    assert "&lt;b&gt;Give&lt;/b&gt;" in html
    assert f"<p>{Publication.ours().name} &amp; you</p><p>are one.</p>" in html
    assert "Go &amp; give" in html


def test_the_house_s_words_follow_the_language_of_the_edition(gate: Gate) -> None:
    publication = Publication.ours()
    publication.language, publication.direction = "he", "rtl"
    publication.save()
    with translation.override("he"):
        heading = words.said(words.PAGE_HEADING, publication.name)
    html = gate.html(an_article().url, "w")
    assert 'dir="rtl"' in html
    assert f">{heading}</h2>" in html


# ── the account page


def account_page(user: User, **cookies: str) -> str:
    browser = Client(HTTP_HOST="testserver")
    browser.force_login(user)
    for name, value in cookies.items():
        browser.cookies[name] = value
    answer = browser.get("/account/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_account_page_asks_who_does_not_give_and_has_not_closed_it() -> None:
    reader = an_account()
    assert appeals_on(account_page(reader)) == ["account"]
    assert appeals_on(account_page(reader, appeal="closed")) == []
    entitle(reader, ReaderClass.SUPPORTER, "giving", until=None)
    assert appeals_on(account_page(reader)) == []
    assert appeals_on(account_page(an_editor())) == []


# ── closing it


def close(client: Client, next_: str = "/", **headers: str) -> Any:
    return client.post("/appeals/close/", {"next": next_}, headers=headers)


def test_closing_it_leads_back_and_says_so_for_a_day(gate: Gate) -> None:
    article = an_article()
    form = next(form for form in Markup(gate.html(article.url)).all("form") if "/appeals/" in str(form.attributes))
    assert (form.attributes["action"], form.attributes["method"]) == ("/appeals/close/", "post")
    answer = close(Client(HTTP_HOST="testserver"), f"{article.url}#appeal-end")
    assert (answer.status_code, answer["Location"]) == (303, f"{article.url}#appeal-end")
    cookie = answer.cookies["appeal"]
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("closed", 86_400, "/")
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert set(answer.cookies) == {"appeal"}


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "javascript:x", "", "x"]
)
def test_it_leads_nowhere_else(elsewhere: str) -> None:
    assert close(Client(HTTP_HOST="testserver"), elsewhere)["Location"] == "/"


def test_only_our_own_pages_close_it() -> None:
    strict = Client(HTTP_HOST="testserver", enforce_csrf_checks=True)
    assert close(strict, Origin="http://testserver").status_code == 303
    assert close(strict).status_code == 303, "a browser too old to say"
    assert close(strict, Origin="https://elsewhere.example").status_code == 403
    assert close(strict, Origin="null").status_code == 403
    assert strict.get("/appeals/close/").status_code == 405


# ── the publisher's desk


@pytest.fixture
def desk() -> Client:
    client = Client(HTTP_HOST="testserver")
    client.force_login(a_publisher())
    return client


def form_of(client: Client, address: str) -> dict[str, Any]:
    """What the form of the page would send untouched."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    form = answer.context["form"]
    given = {field.html_name: field.value() for field in form}
    return {name: "on" if value is True else value for name, value in given.items() if value not in (None, False)}


def test_a_publisher_writes_an_appeal_and_sees_it_first(desk: Client, gate: Gate) -> None:
    address = f"/admin/snippets/giving/appeal/edit/{Appeal.objects.get(place=Place.END).pk}/"
    listed = Markup(desk.get("/admin/snippets/giving/appeal/").content.decode())
    assert HOUSE in [link.text.strip() for link in listed.all("a", href=address)]
    typed = {**form_of(desk, address), "heading": "Before you go"}
    preview = desk.post(f"{address.replace('/edit/', '/preview/')}", typed)
    assert preview.json() == {"is_valid": True, "is_available": True}
    drawn = desk.get(f"{address.replace('/edit/', '/preview/')}?mode=").content.decode()
    assert "Before you go" in drawn
    assert appeals_on(drawn) == ["end"]
    assert desk.post(address, typed).status_code == 302
    assert "Before you go" in gate.html(an_article().url)


def test_an_appeal_that_ends_before_it_begins_is_refused(desk: Client) -> None:
    address = f"/admin/snippets/giving/appeal/edit/{Appeal.objects.get(place=Place.END).pk}/"
    typed = {**form_of(desk, address), "from_at": "2030-01-02 10:00", "until_at": "2030-01-01 10:00"}
    answer = desk.post(address, typed)
    assert "It cannot end before it begins." in answer.content.decode()


@pytest.mark.parametrize("written", ["{nmae}", "{", "{name!r}"])
def test_braces_that_name_nothing_are_refused(desk: Client, written: str) -> None:
    address = f"/admin/snippets/giving/appeal/edit/{Appeal.objects.get(place=Place.END).pk}/"
    answer = desk.post(address, {**form_of(desk, address), "text": written})
    assert "These may be used: {name}." in answer.content.decode()


def test_words_shown_in_the_edition_s_language_are_kept_as_the_house_s(desk: Client) -> None:
    """So that a publication which changes its language need not write them anew."""
    publication = Publication.ours()
    publication.language = "he"
    publication.save()
    for place in (Place.WALL, Place.END):
        appeal = Appeal.objects.get(place=place)
        address = f"/admin/snippets/giving/appeal/edit/{appeal.pk}/"
        typed = form_of(desk, address)
        with translation.override("he"):
            assert typed["text"] == words.said(appeal.text)
        typed["text"] = typed["text"].replace("\n", "\r\n")  # as browsers send it
        assert desk.post(address, typed).status_code == 302
        after = Appeal.objects.get(pk=appeal.pk)
        assert (after.heading, after.text, after.button) == (appeal.heading, appeal.text, appeal.button)


def test_a_publisher_sets_what_is_suggested_and_is_told_what_follows(desk: Client, gate: Gate) -> None:
    settings = GivingSettings.ours()
    settings.save()
    address = f"/admin/settings/giving/givingsettings/{settings.pk}/"
    page = desk.get(address).content.decode()
    assert "Readers can pay by: Trial payment: no money moves." in page
    answer = desk.post(address, {**form_of(desk, address), "monthly_amounts": "8 88"}, follow=True)
    assert "In force now" in answer.content.decode()
    assert "€88" in gate.html(an_article().url)


def test_amounts_that_cannot_be_read_are_refused_by_name(desk: Client) -> None:
    settings = GivingSettings.ours()
    settings.save()
    address = f"/admin/settings/giving/givingsettings/{settings.pk}/"
    answer = desk.post(address, {**form_of(desk, address), "monthly_amounts": "5, ten"})
    assert "cannot be read as amounts in EUR" in answer.content.decode()
    assert GivingSettings.ours().monthly_amounts == "5 10 15 25"


def test_an_iban_with_a_slip_is_refused_and_another_account_number_is_not(desk: Client) -> None:
    settings = GivingSettings.ours()
    settings.save()
    address = f"/admin/settings/giving/givingsettings/{settings.pk}/"
    answer = desk.post(address, {**form_of(desk, address), "bank_iban": "DE89 3704 0044 0532 0130 01"})
    assert "There is a slip in this IBAN" in answer.content.decode()
    for number in ("de89 3704 0044 0532 0130 00", "12-34-56 7890"):
        assert desk.post(address, {**form_of(desk, address), "bank_iban": number}).status_code == 302
        assert GivingSettings.ours().bank_iban == number


def test_editors_do_not_ask_for_money() -> None:
    client = Client(HTTP_HOST="testserver")
    client.force_login(an_editor())
    assert client.get("/admin/snippets/giving/appeal/").status_code == 302
    assert client.get("/admin/settings/giving/givingsettings/").status_code == 302
