"""Loading the demo edition: whole, once, and on from where it was interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from broadsheet.interchange.demo import load as loading
from broadsheet.interchange.demo.edition import Edition, read_edition
from broadsheet.interchange.demo.load import load_demo
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.blocks import Body
from broadsheet.newsroom.models import Article, FrontPage, Person, Picture, PublishedVersion, Section, Topic
from broadsheet.newsroom.versions import verify_chain

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def whole() -> Edition:
    return read_edition()


@pytest.fixture(scope="module")
def few(whole: Edition) -> Edition:
    """A handful: of every section and year, some with pictures."""
    pictured = [article for article in whole.articles if article.picture][:4]
    chosen = {article.slug: article for article in (*whole.articles[::18], *pictured)}
    return replace(whole, articles=tuple(article for article in whole.articles if article.slug in chosen))


def quiet(_: str) -> None:
    pass


def test_every_article_is_published_with_its_own_date_and_its_record(few: Edition) -> None:
    summary = load_demo(quiet, few)
    assert (summary.added, summary.present, summary.refused) == (len(few.articles), 0, ())
    for carried in few.articles:
        article = Article.objects.get(source_url=carried.attribution.url)
        assert article.live
        assert article.first_published_at == carried.published
        assert article.url == f"/{carried.section}/{carried.slug}/"
        assert article.rights.licence_url == carried.attribution.licence_url
        assert [line.person.slug for line in article.bylines.all()] == list(carried.byline)
        assert {topic.slug for topic in article.topics.all()} == set(carried.topics)
        assert PublishedVersion.objects.filter(article_id=article.pk).count() == 1
        assert verify_chain(article) == []


def test_every_body_of_the_edition_passes_the_newsrooms_own_checks(whole: Edition) -> None:
    body = Body()
    for article in whole.articles:
        raw = [loading._block(block, name) for block, name in zip(article.body, loading._ids(article), strict=True)]
        body.clean(body.to_python(raw))


def test_no_text_is_too_long_for_its_column(whole: Edition) -> None:
    longest = {field.name: field.max_length for field in Article._meta.fields if getattr(field, "max_length", None)}
    for article in whole.articles:
        assert len(article.headline) <= longest["title"]
        assert len(article.standfirst) <= longest["standfirst"], article.slug
        assert len(article.kicker) <= longest["kicker"], article.slug
        assert len(article.attribution.changes) <= longest["changes"], article.slug
    for picture in whole.pictures:
        assert len(picture.caption) <= 400
        assert len(picture.alt) <= Picture._meta.get_field("alt_text").max_length


def test_a_second_load_adds_nothing(few: Edition) -> None:
    load_demo(quiet, few)
    before = counts()
    assert load_demo(quiet, few).added == 0
    assert counts() == before


def test_a_load_interrupted_in_the_middle_goes_on_and_leaves_nothing_half_done(
    few: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = loading.publish, 0

    def interrupted(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 10:
            raise KeyboardInterrupt
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "publish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_demo(quiet, few)
    assert Article.objects.count() == 9
    assert not Article.objects.filter(live=False).exists()
    monkeypatch.undo()
    summary = load_demo(quiet, few)
    assert (summary.added, summary.present) == (len(few.articles) - 9, 9)
    assert Article.objects.filter(live=True).count() == len(few.articles)
    assert FrontPage.objects.get().numchild == Section.objects.count()
    for section in Section.objects.all():
        assert section.numchild == Article.objects.child_of(section).count()


def test_an_interrupted_article_leaves_no_picture_behind(few: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    pictured = replace(few, articles=tuple(article for article in few.articles if article.picture)[:1])
    before = set(stored())

    def fails(*args: object, **kwargs: object) -> object:
        raise OSError("the disk is full")

    monkeypatch.setattr(loading, "publish", fails)
    with pytest.raises(OSError, match="disk is full"):
        load_demo(quiet, pictured)
    assert Picture.objects.count() == 0
    assert set(stored()) == before


def test_an_article_that_an_editor_moved_changed_or_took_down_is_left_alone(few: Edition) -> None:
    load_demo(quiet, few)
    moved, taken_down, deleted = (Article.objects.get(source_url=a.attribution.url) for a in few.articles[:3])
    moved.move(Section.objects.exclude(pk=moved.section_id).first(), pos="last-child")
    unpublish(taken_down, notice="By order of a court.")
    headline = deleted.headline
    deleted.delete()
    summary = load_demo(quiet, few)
    assert summary.added == 0
    assert summary.refused == (headline,)
    assert headline in str(summary)


def test_people_and_topics_already_here_are_used_and_not_made_again(few: Edition) -> None:
    topic = next(topic for topic in few.topics if topic.slug in few.articles[0].topics)
    Topic.objects.create(slug="ours", name=topic.name.upper())
    Person.objects.create(slug=few.articles[0].byline[0], name="As we write it")
    load_demo(quiet, few)
    article = Article.objects.get(source_url=few.articles[0].attribution.url)
    assert "ours" in {topic.slug for topic in article.topics.all()}
    assert article.bylines.first().person.name == "As we write it"


def test_a_map_has_its_dark_twin_its_caption_and_its_credit(few: Edition) -> None:
    load_demo(quiet, few)
    carried = {picture.name: picture for picture in few.pictures}
    for article in few.articles:
        picture = Article.objects.get(source_url=article.attribution.url).picture
        if not article.picture:
            assert picture is None
            continue
        assert picture is not None and picture.dark is not None
        assert (picture.caption, picture.credit) == (carried[article.picture].caption, carried[article.picture].credit)
        assert (picture.width, picture.height) == (picture.dark.width, picture.dark.height)


def test_progress_is_told_to_the_end(few: Edition) -> None:
    told: list[str] = []
    load_demo(told.append, few)
    assert told[-1] == f"{len(few.articles)} of {len(few.articles)} articles"


def counts() -> tuple[int, ...]:
    nouns = (Article, Section, Person, Topic, Picture, PublishedVersion)
    return (*(noun.objects.count() for noun in nouns), len(list(stored())))


def stored() -> list[str]:
    if not Path(default_storage.path("original_images")).exists():
        return []
    return default_storage.listdir("original_images")[1]
