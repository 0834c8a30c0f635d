"""The newsroom's desk in the language of the edition: our words, Wagtail's, and those of Wagtail's that we add."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import wagtail
from babel.messages.pofile import read_po
from django.test import Client
from django.utils import translation
from django.utils.html import strip_tags
from django.utils.translation import gettext, ngettext
from wagtail.users.models import UserProfile

from broadsheet import clock
from broadsheet.config import config
from broadsheet.gate import down
from broadsheet.newsroom.models import Publication
from broadsheet.site.catalogues import link_wagtails, of_wagtail
from broadsheet.site.down import write_down_page
from broadsheet.site.first_start import FirstStart
from broadsheet.site.wagtail_words import COUNTED, WORDS
from broadsheet.staff.trail import PASSKEY, record
from tests.factories import a_publisher, a_section, an_account, an_article


@pytest.fixture
def hebrew(db: None) -> None:
    publication = Publication.ours()
    publication.language, publication.direction = "he", "rtl"
    publication.save()


def desk_of(language: str = "") -> Client:
    publisher = a_publisher()
    if language:
        UserProfile.objects.create(user=publisher, preferred_language=language)
    client = Client()
    client.force_login(publisher)
    return client


def shown(page: str) -> str:
    """What a reader of the page is shown, without what only scripts unfold."""
    return strip_tags(re.sub(r"<(script|style|template)\b.*?</\1>", " ", page, flags=re.DOTALL))


def test_the_first_screen_of_a_hebrew_edition_is_hebrew(hebrew: None) -> None:
    FirstStart("desk@harbour.example", demo=False).write(config())
    page = desk_of().get("/admin/").content.decode()
    assert re.search(r'<html[^>]* lang="he"[^>]* dir="rtl"', page)
    for words in ("מה לעשות עכשיו", "הנקראות ביותר היום", "של מי העיתון הזה?", "שפת הכתבות"):
        assert words in page
    main = re.search(r"<main.*</main>", page, re.DOTALL)
    assert main is not None
    said = shown(main[0]).replace(Publication.ours().name, "")
    names = re.compile(r"[A-Z]\w+/[\w/ -]+|\bUTC\b|English|\bBroadsheet\b|\bHTML\b|EMAIL_URL|pt-BR|\S+@\S+")
    assert re.findall(r"[A-Za-z]{3,}", names.sub("", said)) == []


# What each page of ours holds beside the publication's own words; `{reader}` and `{article}` are numbers.
DESK = [
    "/admin/setup/",
    "/admin/mail/",
    "/admin/settings/meter/metersettings/",
    "/admin/meter/preview/",
    "/admin/meter/open/{article}/",
    "/admin/help-desk/",
    "/admin/help-desk/?q=example",
    "/admin/help-desk/{reader}/",
    "/admin/help-desk/{reader}/open/",
    "/admin/help-desk/{reader}/reset/",
    "/admin/help-desk/{reader}/sign-out/",
    "/admin/help-desk/{reader}/merge/",
    "/admin/help-desk/{reader}/erase/",
    "/admin/reports/who-did-what/",
    "/admin/reports/what-was-read/",
    "/admin/reports/what-was-read/?first=2030-01-02&last=2030-01-01",
    "/admin/reports/what-was-read/{article}/",
    "/admin/users/new/",
]


@pytest.mark.parametrize("address", DESK)
def test_no_page_of_the_desk_has_a_word_of_english_left(hebrew: None, address: str) -> None:
    publication = Publication.ours()
    publication.name = "קול הנמל"
    publication.save()
    article = an_article(a_section("חדשות"), "המעבורת נשארת", standfirst="המועצה הצביעה.")
    reader, administrator = an_account(), an_account("chief", is_staff=True, is_superuser=True)
    record("reader.count_reset", reader, by=administrator)
    record("staff.factor_added", administrator, by=administrator, factor=PASSKEY)
    client = Client()
    client.force_login(administrator)
    session = client.session
    session["proved_at"] = clock.timestamp()
    session.save()
    answer = client.get(address.format(article=article.pk, reader=reader.pk), follow=True)
    assert answer.status_code == 200
    main = re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)
    assert main is not None
    assert english_in(main[0]) == []


def english_in(html: str) -> list[str]:
    """Words of three Latin letters and more, but for names, addresses and what is typed as it stands."""
    without_code = re.sub(r"<(code|pre|option|datalist)\b.*?</\1>", " ", html, flags=re.DOTALL)
    names = re.compile(
        r"\bBroadsheet\b|\bThe\b|\bHTML\b|\bEnglish\b|\bEMAIL_URL\b|\b(?:CSV|XLSX)\b|pt-BR|\bUTC\b|\S+@\S+|/\S+|\{\w+\}"
    )
    return re.findall(r"[A-Za-z]{3,}", names.sub(" ", shown(without_code)))


def test_an_editor_may_have_their_desk_in_english(hebrew: None) -> None:
    page = desk_of("en").get("/admin/").content.decode()
    assert "Most read today" in page
    assert "הנקראות" not in page


def test_wagtails_own_hebrew_is_found_where_it_keeps_it() -> None:
    with translation.override("he"):
        assert gettext("Yes, delete") == "כן, מחק"  # only Wagtail has it
        assert gettext("Unpublish") != "Unpublish"


def test_a_link_to_an_older_wagtail_is_made_anew(tmp_path: Path) -> None:
    (folder,) = of_wagtail(tmp_path, ["wagtail.admin", "django.contrib.auth"])
    folder.mkdir()
    (folder / "he").symlink_to(tmp_path / "gone")
    link_wagtails([folder])
    assert (folder / "he" / "LC_MESSAGES" / "django.mo").exists()


def test_wagtail_still_says_what_we_translate_for_it() -> None:
    says = set()
    for file in Path(wagtail.__file__).parent.rglob("locale/en/LC_MESSAGES/django.po"):
        with file.open("rb") as words:
            says |= {message.id for message in read_po(words) if message.id}
    assert [word for word in (*WORDS, *COUNTED) if word not in says] == []


def test_and_each_of_it_is_translated() -> None:
    with translation.override("he"):
        assert [word for word in WORDS if gettext(word) == word] == []
        assert [one for one, many in COUNTED if ngettext(one, many, 2) == many] == []


def test_the_page_for_when_the_site_is_down_is_in_the_editions_language(hebrew: None) -> None:
    write_down_page(config())
    page = down.DownPage(config().run).html.decode()
    assert '<html lang="he" dir="rtl">' in page
    assert "רגע אחד, בבקשה" in page
    assert re.findall(r"[A-Za-z]{2,}", shown(page)) == []
