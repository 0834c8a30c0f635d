"""The newsroom of a Hebrew edition: its editors are shown and told all of ours in Hebrew, unless they chose otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.http import HttpResponse
from django.test import Client
from wagtail.models import Task, Workflow
from wagtail.users.models import UserProfile

import broadsheet
from broadsheet.newsroom.acts.set_up import set_up
from broadsheet.newsroom.models import Article, FrontPage, PlainPage, Publication
from broadsheet.newsroom.starting_pages import STARTING_PAGES
from tests.factories import a_draft, a_person, a_picture, a_section, a_topic, an_account, an_article
from tests.newsroom.conftest import Gate
from tests.newsroom.test_admin import edited, written_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def edition(db: None) -> Publication:
    return set_up(name="העיתון", language="he", zone="Asia/Jerusalem")


@pytest.fixture
def desk(db: None) -> Client:
    """The admin, with somebody at the keyboard who may do everything."""
    client = Client(HTTP_HOST="testserver")
    client.force_login(an_account("editor", is_staff=True, is_superuser=True))
    return client


# ── what is left in English


class Shown(HTMLParser):
    """Every text of a page and every string its scripts draw fields and blocks from."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self._unread = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._unread += tag in ("script", "style")
        for name, value in attributes:
            if value and value.startswith(("{", "[")):
                self.texts |= set(_strings(_json(value)))
            elif value and name in ("placeholder", "title", "aria-label", "alt", "label"):
                self.texts.add(" ".join(value.split()))

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.texts.add(" ".join(data.split()).rstrip("* "))


def _json(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return None


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str() if not value.isidentifier() or not value.islower():  # names of blocks and fields are no words
            yield value
        case list():
            yield from (text for part in value for text in _strings(part))
        case dict():
            yield from (text for part in value.values() for text in _strings(part))


def ours() -> Mapping[str, str]:
    """What the newsroom says, in English: in Hebrew."""
    source = Path(broadsheet.__file__).parent / "locale/he/LC_MESSAGES/django.po"
    said: dict[str, str] = {}
    with source.open("rb") as words:
        for message in read_po(words):
            if any(location.startswith("newsroom/") for location, _line in message.locations):
                english, hebrew = ([each] if isinstance(each, str) else each for each in (message.id, message.string))
                said |= dict(zip(english, hebrew, strict=True))
    # Django writes the names of fields with a capital.
    return said | {english[:1].upper() + english[1:]: hebrew for english, hebrew in said.items()}


def everything() -> dict[str, str]:
    """Every page of the newsroom that shows words of ours, by what it is."""
    picture, section = a_picture(), a_section("חוף")
    article = an_article(section, "המעבורת נשארת", picture=picture)
    person, topic = a_person("דנה לוי"), a_topic("נמלים")
    plain = PlainPage.objects.get(slug="about")
    return {
        "a new article": f"/admin/pages/add/newsroom/article/{section.pk}/",
        "an article": f"/admin/pages/{article.pk}/edit/",
        "taking it down": f"/admin/pages/{article.pk}/unpublish/",
        "the list of articles": "/admin/articles/",
        "a new section": f"/admin/pages/add/newsroom/section/{FrontPage.objects.get().pk}/",
        "the list of sections": f"/admin/pages/{FrontPage.objects.get().pk}/",
        "a plain page": f"/admin/pages/{plain.pk}/edit/",
        "pictures": "/admin/images/",
        "a new picture": "/admin/images/add/",
        "a picture": f"/admin/images/{picture.pk}/",
        "people": "/admin/snippets/newsroom/person/",
        "a person": f"/admin/snippets/newsroom/person/edit/{person.pk}/",
        "topics": "/admin/snippets/newsroom/topic/",
        "a topic": f"/admin/snippets/newsroom/topic/edit/{topic.pk}/",
        "the front page": "/admin/front/",
        "the publication": f"/admin/settings/newsroom/publication/{Publication.objects.get().pk}/",
        "mails": "/admin/settings/newsroom/mailwords/",
    }


def test_nothing_of_ours_is_left_in_english_on_the_desk(desk: Client) -> None:
    said = ours()
    assert len(said) > 400
    left = {}
    for name, address in everything().items():
        answer = desk.get(address, follow=True)
        assert answer.status_code == 200, name
        assert 'lang="he"' in answer.content.decode(), name
        assert 'dir="rtl"' in answer.content.decode(), name
        texts = shown(answer)
        assert texts & set(said.values()), name
        left[name] = {text for text in texts if said.get(text, text) != text}
    assert not any(left.values()), {name: texts for name, texts in left.items() if texts}


def test_what_wagtail_says_by_script_is_in_hebrew(desk: Client) -> None:
    said = json.loads(re.search(r"const newcatalog = (\{.*?\});", desk.get("/admin/jsi18n/").content.decode(), re.S)[1])  # type: ignore[index]
    assert said["Cancel"] == "ביטול"
    assert said["%(num)s error"] == ["שגיאה %(num)s", "%(num)s שגיאות"]
    assert said["Page"] != "Page", "Wagtail's own Hebrew is there too"


# ── what an editor is told


def shown(answer: HttpResponse) -> set[str]:
    return Shown(answer.content.decode()).texts


def test_the_editor_of_an_article_and_the_form_of_a_picture_are_in_hebrew(newsroom: Client) -> None:
    article = newsroom.get(f"/admin/pages/add/newsroom/article/{a_section().pk}/")
    assert {"כותרת גג", "כותרת משנה", "סוג", "נושאים", "פתוחה תמיד", "סוג השינוי"} <= shown(article)
    assert {"פסקה", "כותרת ביניים", "ציטוט מובלט", "תיבת מידע", "גלריה", "הטמעה"} <= shown(article)
    picture = newsroom.get("/admin/images/add/")
    assert {"כיתוב", "קרדיט", "טקסט חלופי", "דקורטיבית", "רישיון"} <= shown(picture)


def test_a_refusal_says_in_hebrew_what_a_picture_lacks(newsroom: Client) -> None:
    bare = a_picture("המעבורת", credit="", alt_text="")
    answer = written_at(newsroom, a_section(), picture=bare.pk, **{"action-publish": "yes"})
    assert not Article.objects.filter(live=True).exists()
    (refusal,) = answer.context["form"].errors["picture"]
    page = f"/admin/images/{bare.pk}/"
    assert refusal == f'לתמונה <a href="{page}">“המעבורת”</a> אין טקסט חלופי למי שאינם רואים אותה ואין קרדיט.'


def test_a_correction_without_its_note_is_refused_in_hebrew(newsroom: Client) -> None:
    written_at(newsroom, a_section(), **{"action-publish": "yes"})
    article = Article.objects.get()
    answer = edited(newsroom, article, standfirst="Again.", change="correction", **{"action-publish": "yes"})
    (refusal,) = answer.context["form"].errors["change_note"]
    assert refusal == "לתיקון נדרשת הערה שמספרת לקוראים מה השתנה."


def test_what_was_done_is_said_in_hebrew(newsroom: Client) -> None:
    picture, section = a_picture("המעבורת"), a_section("חוף")
    article = an_article(section, "המעבורת נשארת")
    again = newsroom.post(f"/admin/pictures/{picture.pk}/again/", follow=True)
    assert "הגדלים של ״המעבורת״ מוכנים מחדש כעת." in again.content.decode()
    newsroom.post("/admin/front/", {"do": f"put:{article.pk} lead.0"})
    in_place = newsroom.post("/admin/front/", {"do": "publish:"}, follow=True).content.decode()
    assert "הקוראים רואים עכשיו את עמוד הבית הזה." in in_place
    assert "כתבה ראשית: ״המעבורת נשארת״, בבחירת העורכים." in in_place


def test_a_file_that_is_no_picture_is_refused_in_hebrew(newsroom: Client) -> None:
    form = {"title": "x", "is_decorative": "on", "alt_text": "y", "collection": a_picture().collection_id}
    answer = newsroom.post("/admin/images/add/", form)
    (refusal,) = answer.context["form"].errors["is_decorative"]
    assert refusal.startswith("לתמונה דקורטיבית אין טקסט חלופי")


# ── who chose English


def test_an_editor_who_chose_english_has_it_and_readers_have_hebrew(newsroom: Client, gate: Gate) -> None:
    editor = newsroom.session["_auth_user_id"]
    UserProfile.objects.update_or_create(user_id=editor, defaults={"preferred_language": "en"})
    section = a_section("חוף")
    answer = newsroom.get(f"/admin/pages/add/newsroom/article/{section.pk}/")
    assert {"Kicker", "Standfirst", "Kind", "Always free"} <= shown(answer)
    written_at(newsroom, section, **{"action-publish": "yes"})
    article = Article.objects.get()
    answer = edited(newsroom, article, standfirst="Again.", change="correction", **{"action-publish": "yes"})
    (refusal,) = answer.context["form"].errors["change_note"]
    assert refusal == "A correction needs a note that tells readers what was changed."
    page = gate.html(article.url)
    assert '<html lang="he" dir="rtl"' in page
    assert "דילוג" in page


def test_previews_speak_the_readers_language_to_an_english_editor(newsroom: Client) -> None:
    editor = newsroom.session["_auth_user_id"]
    UserProfile.objects.update_or_create(user_id=editor, defaults={"preferred_language": "en"})
    draft = a_draft()
    draft.save_revision()
    for address in ("/admin/front/preview/", f"/admin/pages/{draft.pk}/view_draft/"):
        answer = newsroom.get(address)
        assert answer.status_code == 200
        assert "דילוג" in answer.content.decode(), address


# ── the beginning


def test_setting_up_in_hebrew_begins_hebrew_pages_written_from_right_to_left(
    edition: Publication, desk: Client
) -> None:
    assert (edition.language, edition.direction) == ("he", "rtl")
    assert FrontPage.objects.get().title == "עמוד הבית"
    assert Workflow.objects.get().name == Task.objects.get().name == "אישור עורכים"
    pages = {page.slug: page for page in PlainPage.objects.all()}
    assert set(pages) == {page.slug for page in STARTING_PAGES}
    for begun in STARTING_PAGES:
        title, english = begun.in_language("en")
        page = pages[begun.slug]
        assert page.title != title
        assert not re.search(r"[a-z]{3}", re.sub(r"</?\w+>|״\w+״", "", page.body)), page.slug
        assert len(page.gaps) == english.count("[["), page.slug


def test_a_front_page_that_somebody_named_keeps_its_name() -> None:
    FrontPage.objects.update(title="The Harbour")
    set_up(language="en")
    assert FrontPage.objects.get().title == "The Harbour"
    FrontPage.objects.update(title="עמוד הבית")
    set_up(language="en")
    assert FrontPage.objects.get().title == "Front page"
