"""The publication's own dress: what can be chosen, what is refused, and how it reaches readers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from broadsheet.core.colour import contrast, readable_on
from broadsheet.newsroom import dress
from broadsheet.newsroom.models import Publication
from broadsheet.newsroom.models.publication import Links, PaperColour, Typeface
from tests.factories import a_picture, a_publisher, an_article
from tests.newsroom.conftest import Gate

pytestmark = pytest.mark.django_db

TOKENS = Path(dress.__file__).parent.parent / "site" / "static" / "css" / "tokens.css"


def dressed(**choices: object) -> Publication:
    publication = Publication.ours()
    for name, value in choices.items():
        setattr(publication, name, value)
    publication.full_clean()
    publication.save()
    return publication


def test_every_text_of_the_house_can_be_read_on_every_paper() -> None:
    for paper in dress.PAPERS.values():
        for ink in dress.INKS:
            assert readable_on(ink, paper.paper, paper.newsprint), (paper, ink, contrast(ink, paper.newsprint))


def test_the_choices_offered_are_those_that_can_be_made() -> None:
    assert set(PaperColour.values) == set(dress.PAPERS)
    assert set(Typeface.values) == set(dress.TYPEFACES)


def test_the_sheet_sets_no_token_that_the_house_does_not_know() -> None:
    known = set(re.findall(r"(--[\w-]+):", TOKENS.read_text())) | {"--accent"}
    for paper in dress.PAPERS:
        for typeface in dress.TYPEFACES:
            css = dress.sheet(paper, "#0b5a4a", typeface)
            assert set(re.findall(r"(--[\w-]+):", css)) <= known
    ours = re.findall(r"--(?:ink|ink-soft|ink-faint): (#\w{3,6})", TOKENS.read_text().partition("@media")[0])
    assert tuple(ours) == tuple(str(ink) for ink in dress.INKS)


@pytest.mark.parametrize("pale", ["#ffd700", "#7bb6ff", "#ffffff", "#888888"])
def test_a_colour_too_pale_to_be_read_is_refused_with_the_reason(pale: str) -> None:
    with pytest.raises(ValidationError) as refused:
        dressed(accent=pale)
    assert "too pale" in refused.value.message_dict["accent"][0]
    assert Publication.ours().accent == ""


def test_what_is_no_colour_is_refused() -> None:
    for wrong in ("red", "#12", "#0b5a4a}"):
        with pytest.raises(ValidationError):
            dressed(accent=wrong)


def test_a_publication_that_chose_nothing_has_no_sheet(gate: Gate) -> None:
    assert "/dress/" not in gate.html("/")
    assert gate.describe("/dress/000000000000.css").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_choice_is_on_the_pages_at_once_and_its_sheet_may_be_kept_for_ever(gate: Gate) -> None:
    article = an_article()
    before = gate.html(article.url)
    assert gate.kept(article.url) is not None
    publication = dressed(accent="#7A0019", paper="salmon", typeface="franklin")
    assert gate.kept(article.url) is None
    page = gate.html(article.url)
    assert f'<link rel="stylesheet" href="{publication.dress_url}">' in page
    assert page != before

    described = gate.describe(publication.dress_url)
    assert described.status_code == 204
    sheet = gate.page(publication.dress_url)
    assert sheet["Content-Type"].startswith("text/css")
    assert "--press: #7a0019" in sheet.content.decode()
    plain = Client(HTTP_HOST="testserver").get(publication.dress_url)
    assert plain["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_address_of_an_older_dress_leads_to_the_present_one(gate: Gate) -> None:
    old = dressed(accent="#7a0019").dress_url
    new = dressed(accent="#0b5a4a").dress_url
    assert old != new
    answer = gate.describe(old)
    assert (answer.status_code, answer["Location"]) == (302, new)


def test_the_logo_stands_in_place_of_the_name_and_says_it(gate: Gate) -> None:
    dressed(name="Harbour Post", logo=a_picture("Logo"), icon=a_picture("Icon"))
    front = gate.html("/")
    nameplate = re.search(r'<h1 class="nameplate[^"]*">(.*?)</h1>', front, re.DOTALL)
    assert nameplate is not None
    assert 'alt="Harbour Post"' in nameplate[1]
    assert "Harbour Post" not in re.sub(r"<[^>]*>", "", nameplate[1])
    assert 'rel="apple-touch-icon"' in front


def test_menu_footer_and_contact_are_the_publishers_and_escaped(gate: Gate) -> None:
    dressed(
        menu_links=[("link", {"label": "Tides & winds", "url": "https://tides.example/"})],
        footer_links=[("link", {"label": "<b>Jobs</b>", "url": "/jobs/"})],
        social_links=[("link", {"label": "Mastodon", "url": "https://social.example/@post"})],
        footer_text="© The <i>Post</i>",
        telephone="+49 30 555",
        postal_address="Pier 4\nHamburg",
    )
    front = gate.html("/")
    assert '<a href="https://tides.example/">Tides &amp; winds</a>' in front
    assert '<a href="/jobs/">&lt;b&gt;Jobs&lt;/b&gt;</a>' in front
    assert 'href="https://social.example/@post" rel="me noopener"' in front
    assert "© The &lt;i&gt;Post&lt;/i&gt;" in front
    assert 'href="tel:+4930555"' in front
    assert "Pier 4<br>Hamburg" in front


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//elsewhere.example", "data:text/html,x", "about"])
def test_a_link_that_is_no_address_of_the_web_is_refused(address: str) -> None:
    links = Links()
    given = links.to_python([{"type": "link", "value": {"label": "x", "url": address}}])
    with pytest.raises(ValidationError):
        links.clean(given)
    given[0].value["url"] = "https://elsewhere.example/"
    links.clean(given)


def test_the_publisher_sets_it_in_the_admin_and_is_told_what_is_wrong() -> None:
    desk = Client(HTTP_HOST="testserver")
    desk.force_login(a_publisher())
    address = "/admin/settings/newsroom/publication/"
    asked = desk.get(address, follow=True)
    address = asked.redirect_chain[-1][0] if asked.redirect_chain else address
    form = {
        "name": "Harbour Post", "language": "en", "direction": "ltr", "zone": "UTC", "paper": "ivory", "typeface": "franklin",
        "accent": "#ffd700", "menu_links-count": "0", "footer_links-count": "0", "social_links-count": "0",
    }  # fmt: skip
    refused = desk.post(address, form)
    assert "too pale to be read" in refused.content.decode()
    assert Publication.ours().name != "Harbour Post"
    form["accent"] = "#7a0019"
    assert desk.post(address, form).status_code == 302
    ours = Publication.ours()
    assert (ours.name, ours.accent, ours.paper) == ("Harbour Post", "#7a0019", "ivory")
