"""Pages as readers get them, drawn from real rows: whole, valid, and the same for everybody of a class."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from django.template.loader import render_to_string
from PIL import Image
from wagtail.documents import get_document_model

from broadsheet.gate.pages import VerdictClass
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.models import Article, Byline, FrontPage, Person, Picture, Publication, Role, Section, Topic
from broadsheet.newsroom.renditions import make_all
from broadsheet.newsroom.searching.backends import Group, Match
from broadsheet.newsroom.searching.find import Asked, Hit, Results
from broadsheet.newsroom.searching.highlight import marked
from broadsheet.newsroom.searching.query import read
from broadsheet.site.templatetags.rows import set_rows
from tests.site.markup import Markup

pytestmark = pytest.mark.django_db

PUBLISHED = datetime(2019, 10, 15, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    section: Section
    articles: list[Article]
    rhythm: str = "lead"


@dataclass(frozen=True)
class Pager:
    number: int = 1
    previous_url: str = ""
    next_url: str = ""


@pytest.fixture(autouse=True)
def _no_picture_of_another_test() -> None:
    """Wagtail caches the files of a picture by its id, which the next test's picture may have."""
    caches["default"].clear()


@pytest.fixture
def section() -> Section:
    return FrontPage.objects.get().add_child(instance=Section(title="World", slug="world", description="War & peace"))


@pytest.fixture
def picture() -> Picture:
    picture = a_picture("A map", dark=a_picture("A map at night"))
    make_all(picture)
    make_all(picture.dark)
    return Picture.objects.get(pk=picture.pk)


@pytest.fixture
def article(section: Section, picture: Picture) -> Article:
    """A story with everything a story can have."""
    return a_story(section, picture=picture, body=everything(picture))


def a_picture(title: str, **fields: Any) -> Picture:
    file = io.BytesIO()
    Image.new("RGB", (450, 300), "#cdd").save(file, "PNG")
    file.seek(0)
    fields = {
        "alt_text": "The border, with two towns",
        "caption": "Two <towns>",
        "credit": "First Reporter / Lusa",
        **fields,
    }
    return Picture.objects.create(title=title, file=ImageFile(file, f"{title}.png"), **fields)


def a_story(section: Section, headline: str = "A deal & a border", **fields: Any) -> Article:
    fields = {"kicker": "Syria", "standfirst": "Troops entered <two> towns.", "dateline": "Tell Tamer", **fields}
    slug = f"story-{Article.objects.count()}"
    story = section.add_child(instance=Article(title=headline, slug=slug, live=False, **fields))
    person = Person.objects.get_or_create(name="First Reporter", slug="first-reporter")[0]
    story.bylines.add(Byline(person=person, role=Role.REPORTED))
    story.topics.add(Topic.objects.get_or_create(name="Borders", slug="borders")[0])
    publish(story, first_published_at=PUBLISHED)
    return Article.objects.get(pk=story.pk)


def everything(picture: Picture) -> str:
    """One of each block an article may be made of, as the editor stores them."""
    document = get_document_model().objects.create(title="The ruling", file=ContentFile(b"%PDF-1.4 ...", "ruling.pdf"))
    recording = get_document_model().objects.create(title="The call", file=ContentFile(b"ID3", "call.mp3"))
    blocks = [
        ("paragraph", '<p data-block-key="abc">Late on <b>Sunday</b>, an agreement was reached.</p>'),
        ("subheading", "What is <agreed>"),
        ("list", '<ul><li data-block-key="def">Troops deploy</li><li>Borders hold</li></ul>'),
        ("list", "<ol><li>First</li><li>Second</li></ol>"),
        ("picture", {"picture": picture.pk, "caption": ""}),
        ("gallery", {
            "heading": "Places",
            "pictures": [{"picture": picture.pk, "caption": words} for words in ("One", "")],
        }),
        ("table", {
            "data": [["Town", "Entered"], ["Ain Issa", None], ["<b>Tell Tamer</b>", "Monday"]],
            "first_row_is_table_header": True, "first_col_is_header": True, "table_caption": "Who is where",
        }),
        ("quote", {"text": "We will go on.", "speaker": "Arba Agung", "role": "Navy"}),
        ("pull_quote", {"text": "We will go on.", "speaker": "Arba Agung"}),
        ("fact_box", {"heading": "The ship", "text": "<ul><li>Built in 1993</li></ul>"}),
        ("file", {"document": document.pk, "title": ""}),
        ("audio", {"audio": recording.pk, "title": "The call", "credit": "", "transcript": "<p>Hello?</p>"}),
        ("embed", {"url": "https://youtu.be/dQw4w9WgXcQ", "title": "The carrier leaves", "thumbnail": None}),
        ("embed", {"url": "https://vimeo.com/76979871", "title": "The carrier returns", "thumbnail": picture.pk}),
    ]  # fmt: skip
    return json.dumps([{"type": name, "value": value} for name, value in blocks])


def drawn(template: str, verdict: str = "a", **context: Any) -> Markup:
    page = Markup(render_to_string(template, {**everywhere(), "verdict": VerdictClass(verdict), **context}))
    assert page.faults == []
    return page


def everywhere() -> dict[str, Any]:
    return {
        "publication": Publication.ours(),
        "menu": list(Section.objects.in_order()),
        "canonical_url": "http://testserver/some/page/",
    }


def drawn_article(article: Article, verdict: str = "a", **context: Any) -> Markup:
    parts = {
        "article": article,
        "walled": False,
        "blocks": list(article.body),
        "words_left": 0,
        "topics": list(article.topics.all()),
        "bylines": list(article.bylines.all()),
    }
    return drawn("pages/article.html", verdict, **{**parts, **context})


def walled(article: Article, verdict: str = "w") -> Markup:
    return drawn_article(article, verdict, walled=True, blocks=list(article.body)[:1], words_left=570)


def structured(page: Markup) -> Mapping[str, Any]:
    block, _breadcrumbs = page.all("script", type="application/ld+json")
    return json.loads(block.text)


def test_an_article_with_every_block_is_valid_and_ends_where_the_gate_closes_it(article: Article) -> None:
    page = drawn_article(article)

    assert page.text.rstrip().endswith("</body></html>")
    assert "data-block-key" not in page.text
    assert [h.text for h in page.all("h1")] == ["A deal & a border"]
    assert page.all("table") and page.all("caption")[0].text == "Who is where"
    assert [cell.text for cell in page.all("th", scope="row")] == ["Ain Issa", "<b>Tell Tamer</b>"]
    assert page.all("audio")[0].attributes["controls"] is None
    assert len(page.all("figure", _class="quote")) == 1


def test_the_dateline_runs_into_the_first_paragraph(article: Article) -> None:
    page = drawn_article(article)

    assert '<p><span class="dateline">Tell Tamer</span> Late on' in page.text
    assert page.text.count('class="dateline"') == 1


def test_an_embed_is_a_plain_link_until_it_is_pressed(article: Article) -> None:
    page = drawn_article(article)
    youtube, vimeo = page.all("a", _class="embed__link")

    assert not page.all("iframe")
    assert youtube.attributes["href"] == "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    assert (youtube.attributes["data-player"] or "").startswith("https://www.youtube-nocookie.com/")
    assert (vimeo.attributes["data-player"] or "").startswith("https://player.vimeo.com/")


def test_pictures_come_light_and_dark_and_only_the_first_is_hurried(article: Article) -> None:
    page = drawn_article(article)
    first, *others = page.all("img")

    assert first.attributes["fetchpriority"] == "high"
    assert "loading" not in first.attributes
    assert {other.attributes["loading"] for other in others} == {"lazy"}
    # Of one colour as it is, its AVIF would be larger than its WebP, and is not kept.
    assert {source.attributes["type"] for source in page.all("source")} == {"image/webp"}
    assert page.all("source", media="(prefers-color-scheme: dark)")
    assert "450w" in page.all("source")[0].attributes["srcset"]
    assert "800w" not in page.text  # the picture is 450 wide: no name promises more


def test_a_picture_is_shown_before_the_worker_has_made_its_files(section: Section) -> None:
    page = drawn_article(a_story(section, picture=a_picture("Just in")))

    assert not page.all("source")
    assert (page.all("img")[0].attributes["src"] or "").endswith(".jpg")


def test_what_editors_write_is_escaped(article: Article) -> None:
    page = drawn_article(article)

    assert "Troops entered &lt;two&gt; towns." in page.text
    assert "Two &lt;towns&gt;" in page.text
    assert "<two>" not in page.text
    assert "<towns>" not in page.text


def test_structured_data_cannot_break_out_of_its_element(section: Section) -> None:
    headline = "</script><script>alert(1)</script><!-- & “quotes”"
    page = drawn_article(a_story(section, headline))

    assert structured(page)["headline"] == headline
    assert len(page.all("script", type="application/ld+json")) == 2  # the story, and the way to it
    assert not [
        script for script in page.all("script") if "src" not in script.attributes and "type" not in script.attributes
    ]


def test_structured_data_says_who_when_and_that_it_is_metered(article: Article) -> None:
    told = structured(drawn_article(article))

    assert told["@type"] == "NewsArticle"
    assert told["isAccessibleForFree"] is False
    assert told["datePublished"] == "2019-10-15T09:30:00+00:00"
    assert told["author"] == [
        {"@type": "Person", "name": "First Reporter", "url": "http://testserver/people/first-reporter/"}
    ]
    assert told["image"][0]["creditText"] == "First Reporter / Lusa"
    assert "articleBody" not in told


def test_a_free_article_says_so(section: Section) -> None:
    page = drawn_article(a_story(section, always_free=True))

    assert structured(page)["isAccessibleForFree"] is True


def test_an_opinion_is_labelled(section: Section) -> None:
    story = a_story(section, kind="opinion")
    page = drawn_article(story)

    assert "Opinion" in page.all("p", _class="kicker")[0].text
    assert structured(page)["@type"] == ["NewsArticle", "OpinionNewsArticle"]
    front = drawn("pages/front.html", today=PUBLISHED, lead=story, secondary=[], briefs=[], rows=[])
    assert "Opinion" in front.all("p", _class="story__kicker")[0].text


def test_the_wall_holds_one_field_without_token_and_nothing_of_the_rest(article: Article) -> None:
    page = walled(article)
    register, close = page.all("form")  # and that of the appeal below it
    fields = [(field.attributes["name"], field.attributes.get("value")) for field in page.all("input")]

    assert (register.attributes["action"], register.attributes["method"]) == ("/register/", "post")
    assert close.attributes["action"] == "/appeals/close/"
    assert fields == [("next", article.url), ("email", None), ("next", f"{article.url}#appeal-wall")]
    assert page.all("a", href=f"/login/?next={article.url}")
    assert "Thank you. You are a loyal" in page.text
    assert "570 words" in page.text
    for withheld in ("We will go on", "Ain Issa", "Built in 1993", "Hello?", "The carrier"):
        assert withheld not in page.text


def test_a_walled_reader_with_an_account_is_not_asked_to_register(article: Article) -> None:
    page = walled(article, "x")

    assert not page.all("form", action="/register/")
    assert not page.all("a", href="/register/")


def test_nor_is_one_who_gives_asked_for_anything(article: Article) -> None:
    page = walled(article, "y")

    assert not page.all("form")
    assert not page.all("a", href="/register/")
    assert not page.all("aside", _class="appeal")
    assert page.all("a", href="/account/reads/")


@pytest.mark.parametrize("verdict", [str(verdict) for verdict in VerdictClass])
def test_a_page_knows_the_class_of_its_reader_and_no_more(article: Article, verdict: str) -> None:
    page = walled(article, verdict) if verdict in ("w", "x", "y") else drawn_article(article, verdict)
    ears = {link.attributes["href"] for link in page.all("a")} & {"/login/", "/register/", "/account/"}
    in_masthead = page.text[page.text.index("<header") : page.text.index("</header")]

    if verdict in ("a", "w"):
        assert "/login/" in in_masthead and "/register/" in in_masthead and "/account/" not in in_masthead
    else:
        assert "/account/" in in_masthead and "/login/" not in in_masthead
    assert ("/edit/" in in_masthead) is (verdict == "e")
    assert ears
    assert "csrfmiddlewaretoken" not in page.text


def test_the_bare_minimum_of_an_article_stands(section: Section) -> None:
    story = section.add_child(instance=Article(title="Words only", slug="words-only", live=False))
    publish(story)
    page = drawn_article(Article.objects.get(pk=story.pk))

    assert page.all("article", _class="article--plain")
    for absent in ("standfirst", "dateline", "topics", "rights", "picture"):
        assert not re.search(f'class="{absent}"', page.text), absent


@pytest.mark.parametrize("stories", range(8))
def test_a_front_page_stands_with_any_number_of_stories(section: Section, picture: Picture, stories: int) -> None:
    articles = [
        a_story(section, f"Story {number}", picture=picture if number % 3 == 0 else None) for number in range(stories)
    ]
    for pictured, rhythm in ((True, "lead"), (True, "grid"), (True, "columns"), (False, "lead"), (False, "grid")):
        rows = [Row(section, [story for story in articles if pictured or not story.picture][:6], rhythm)]
        page = drawn(
            "pages/front.html",
            today=PUBLISHED,
            lead=articles[0] if articles else None,
            secondary=articles[1:5],
            briefs=articles[5:9],
            rows=rows,
            most_read=articles[:5] if rhythm == "grid" else [],
            opinion=articles[:4] if rhythm == "grid" else [],
        )
        for story in rows[0].articles:
            assert story.headline in page.text
        assert page.all("h1")[0].text == "The Broadsheet"


def test_rows_of_a_front_page_change_their_rhythm(section: Section, picture: Picture) -> None:
    plain = [a_story(section, f"Words {number}", standfirst="What it says.") for number in range(6)]
    shown = [a_story(section, f"Shown {number}", picture=picture) for number in range(6)]
    rows = set_rows(
        [
            Row(section, shown, "lead"),
            Row(section, plain, "columns"),
            Row(section, plain, "columns"),
            Row(section, [plain[0], *shown[:5]], "grid"),
            Row(section, [*plain[:5], shown[0]], "grid"),  # one picture makes no grid
            Row(section, [], "lead"),
            Row(section, plain, "lead"),
            Row(section, shown[:2], "grid"),
        ]
    )

    assert [row.kind for row in rows] == ["lead", "led", "words", "grid", "lead", "led", "few"]
    assert [row.is_mirrored for row in rows if row.kind == "lead"] == [False, True]
    assert [rows[3].stories[0].headline, rows[4].stories[0].headline] == ["Shown 0", "Shown 0"]


def test_a_front_page_shows_what_is_breaking_opinion_and_what_is_most_read(section: Section) -> None:
    hot, view, lead = a_story(section, "It is <now>"), a_story(section, "We think", kind="opinion"), a_story(section)
    parts = {"today": PUBLISHED, "lead": lead, "secondary": [], "briefs": [], "rows": []}
    page = drawn("pages/front.html", **parts, breaking=hot, opinion=[view], most_read=[hot, lead])

    (bar,) = page.all("aside", _class="breaking")
    assert "It is <now>" in bar.text
    assert page.text.index('class="breaking"') < page.text.index("<h2")
    assert "Opinion" in page.all("section", _class="voices")[0].text
    assert [item.text for item in page.all("li") if "It is <now>" in item.text]
    bare = drawn("pages/front.html", **parts, breaking=None, opinion=[], most_read=[])
    for name in ("breaking", "voices", "most-read"):
        assert f'class="{name}' not in bare.text


def test_an_article_leads_onward_and_can_be_shared(article: Article, section: Section) -> None:
    other, older = a_story(section, "Another & more"), a_story(section, "From before")
    page = drawn_article(article, related=[other], next_stories=[older])

    assert page.all("a", href=other.url) and page.all("a", href=older.url)
    assert "Next in World" in page.text
    share = [
        link.attributes["href"] or "" for link in page.all("a") if "A%20deal%20%26" in (link.attributes["href"] or "")
    ]
    assert [address.partition(":")[0] for address in share] == ["mailto", "https", "https"]
    assert all("http%3A%2F%2Ftestserver%2Fsome%2Fpage%2F" in address for address in share)
    assert page.all("div", _class="share", data_url="http://testserver/some/page/")
    assert "Get the best stories faster with The Broadsheet breaking news updates." in page.text
    assert [form.attributes["action"] for form in page.all("form")] == ["/appeals/close/"]  # nothing that leads nowhere
    for verdict, asks in (("a", True), ("r", False)):
        assert bool(drawn_article(article, verdict).all("a", href=f"/register/?next={article.url}")) is asks
    assert 'class="never-miss"' not in walled(article).text


def test_a_signed_in_reader_is_not_told_to_log_in_by_an_error(section: Section) -> None:
    for code in ("403", "404", "410"):
        context = {"article": {"headline": "Gone", "notice": ""}} if code == "410" else {}
        known = Markup(render_to_string(f"errors/{code}.html", {**everywhere(), **context, "signed_in": True}))
        stranger = Markup(render_to_string(f"errors/{code}.html", {**everywhere(), **context, "signed_in": False}))

        assert not known.all("a", href="/login/") and known.all("a", href="/account/")
        assert stranger.all("a", href="/login/")


def test_lists_stand_full_and_empty(section: Section, picture: Picture) -> None:
    articles = [a_story(section, f"Story {number}", picture=picture) for number in range(7)]
    topic, person = Topic.objects.get(), Person.objects.get()
    older = Pager(2, "/world/", "/world/page/3/")

    full = drawn(
        "pages/section.html",
        section=section,
        lead=articles[0],
        articles=articles[1:],
        pager=Pager(1, "", "/world/page/2/"),
    )
    assert full.all("a", aria_current="page")[0].text == "World"
    assert drawn("pages/section.html", section=section, lead=None, articles=articles, pager=older).all("a", rel="next")
    assert (
        "Nothing has been published"
        in drawn("pages/section.html", section=section, lead=None, articles=[], pager=Pager()).text
    )
    for articles_ in (articles, []):
        drawn("pages/topic.html", topic=topic, articles=articles_, pager=older)
        drawn("pages/person.html", person=person, articles=articles_, pager=Pager())


def test_search_answers_every_question(section: Section) -> None:
    story = a_story(section)
    headline = marked(story.headline, Match((Group((("deal",),)),)))
    hit = Hit(story, headline, marked(story.standfirst, None), (), ())

    def page(text: str, results: Results | None = None, **context: object) -> Markup:
        asked = Asked(read(text))
        given = {"query": asked.query.asked, "asked": asked, "results": results or Results(), "pager": Pager()}
        return drawn("pages/search.html", **{**given, **context})

    assert "A <mark>deal</mark> &amp; a border" in page("deal", results=Results([hit], 1)).text
    nothing = page('"><b>deal')
    assert nothing.all("input", _name="q")[0].attributes["value"] == '"><b>deal'
    assert "No article has those words" in nothing.text
    assert "at least two" in page("d", too_short=True).text
    assert "Too many searches" in page("deal", too_many=True).text
    page("")


@pytest.mark.parametrize("code", ["403", "404", "500"])
def test_errors_are_pages_too(section: Section, code: str) -> None:
    assert drawn(f"errors/{code}.html").all("a", href="/")


def test_what_was_taken_down_says_so_under_its_headline(article: Article) -> None:
    page = drawn("errors/410.html", article={"headline": article.headline, "notice": "A court ordered it."})

    assert page.all("h1")[0].text == "A deal & a border"
    assert "A court ordered it." in page.text


def test_the_error_of_ours_stands_when_nothing_is_known() -> None:
    assert Markup(render_to_string("errors/500.html")).faults == []


def test_the_notice_closes_without_script_and_leaves_the_number_to_the_gate() -> None:
    notice = render_to_string(
        "components/notice.html", {"line": "You have read {count} articles.", "invitation": "Register"}
    )
    page = Markup(f"<main><h1>Page</h1></main>{notice}")

    assert page.faults == []
    assert "{count}" in page.text
    assert page.all("input", type="checkbox")
    assert page.all("a", href="/register/")
    assert not page.all("script")


def test_a_publication_of_the_right_to_left_says_so(article: Article) -> None:
    ours = Publication.ours()
    ours.language, ours.direction, ours.name = "he", "rtl", "הגיליון"
    ours.save()
    page = drawn_article(article)

    assert page.all("html", dir="rtl", lang="he")
    assert any("hebrew" in (link.attributes["href"] or "") for link in page.all("link", rel="preload"))


@pytest.mark.parametrize(
    "name", ["The Broadsheet", "The Northern Valley Courier", "The Intelligencer and Northern Valley Courier"]
)
def test_a_long_name_is_set_smaller(section: Section, name: str) -> None:
    ours = Publication.ours()
    ours.name = name
    ours.save()
    plate = drawn("errors/404.html").all("p", _class="nameplate")[0]

    assert (plate.attributes["class"] == "nameplate") is (name == "The Broadsheet")


def test_drawing_an_article_asks_the_database_for_nothing_twice(
    article: Article, django_assert_max_num_queries: Any
) -> None:
    drawn_article(article)  # renditions are made once
    fresh = Article.objects.get(pk=article.pk)
    with django_assert_max_num_queries(40):
        drawn_article(fresh)
