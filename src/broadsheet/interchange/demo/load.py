"""Load the demo edition into this publication: through the newsroom's own acts, with the real dates kept.

One transaction an article, its picture included: an interrupted load goes on where it stopped, and a second one adds
nothing. An article is known by the address of its original, wherever it was moved to; what an editor took down stays down.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from broadsheet.interchange.demo import edition as carried
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.models import Article, Byline, FrontPage, Kind, Person, Picture, Section, Tombstone, Topic

REPORT_EVERY = 20  # articles
# Who reads it at a story's old address knows why it is gone; and so does the next load: no editor took it down.
NOTICE_OF_REMOVAL = "This story belonged to the demo edition of this program and has been removed with it."


@dataclass(frozen=True)
class Summary:
    """What a load did; `refused` names the articles that are not there because an editor took them away."""

    added: int
    present: int
    refused: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"The demo edition: {self.added} articles added, {self.present} were there already."]
        lines += [f"Left alone, because it was taken down here: {headline}" for headline in self.refused]
        return "\n".join(lines)


def load_demo(progress: Callable[[str], None], edition: carried.Edition | None = None) -> Summary:
    """Load what is missing of the edition that the package carries; `progress` hears a line now and then."""
    edition = edition or carried.read_edition()
    missing, present, refused = _sort(edition)
    if not missing:
        return Summary(0, present, refused)
    with wagtail_silent():
        desk = Desk.ready_for(edition)
        for number, article in enumerate(missing, 1):
            _print(article, desk)
            if number % REPORT_EVERY == 0 or number == len(missing):
                progress(f"{number} of {len(missing)} articles")
    return Summary(len(missing), present, refused)


@dataclass(frozen=True)
class Desk:
    """What the articles refer to, by slug; pictures by name."""

    sections: Mapping[str, Section]
    people: Mapping[str, Person]
    topics: Mapping[str, Topic]
    pictures: Mapping[str, carried.Picture]

    @classmethod
    def ready_for(cls, edition: carried.Edition) -> Desk:
        """The desk, with whatever is missing of it made."""
        with transaction.atomic():
            return cls(
                {section.slug: _section(section) for section in edition.sections},
                {person.slug: _person(person) for person in edition.people},
                {topic.slug: _topic(topic) for topic in edition.topics},
                {picture.name: picture for picture in edition.pictures},
            )


@contextmanager
def wagtail_silent() -> Iterator[None]:
    """Wagtail logs three lines a page; at a first start, nobody asked what it did to seven hundred."""
    log = logging.getLogger("wagtail")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)


def _sort(edition: carried.Edition) -> tuple[list[carried.Article], int, tuple[str, ...]]:
    here = set(Article.objects.exclude(source_url="").values_list("source_url", flat=True))
    taken_down = set(Tombstone.objects.exclude(notice=NOTICE_OF_REMOVAL).values_list("path", flat=True))
    missing, refused = [], []
    for article in edition.articles:
        if article.attribution.url in here:
            continue
        if f"/{article.section}/{article.slug}/" in taken_down:
            refused.append(article.headline)
        else:
            missing.append(article)
    return missing, len(edition.articles) - len(missing) - len(refused), tuple(refused)


def _section(section: carried.Section) -> Section:
    known = Section.objects.filter(slug=section.slug).first()
    if known is not None:
        return known
    made = Section(title=section.name, slug=section.slug, description=section.description)
    FrontPage.objects.get().add_child(instance=made)
    return made


def _person(person: carried.Person) -> Person:
    known, _ = Person.objects.get_or_create(
        slug=person.slug,
        defaults={
            "name": person.name,
            "is_organisation": person.kind == "organisation",
            "agency": person.agency,
            "bio": person.description,
            "website": person.url,
        },
    )
    return known


def _topic(topic: carried.Topic) -> Topic:
    known = Topic.objects.filter(name__iexact=topic.name).first()
    return known or Topic.objects.get_or_create(slug=topic.slug, defaults={"name": topic.name})[0]


def _print(carried_article: carried.Article, desk: Desk) -> None:
    """Make one article and publish it, whole or not at all."""
    section = desk.sections[carried_article.section]
    rights = carried_article.attribution
    files: list[str] = []
    try:
        with transaction.atomic():
            section.refresh_from_db()  # an article that failed before left its numbers behind in memory
            article = Article(
                title=carried_article.headline,
                slug=carried_article.slug,
                live=False,
                kicker=carried_article.kicker,
                standfirst=carried_article.standfirst,
                dateline=carried_article.dateline,
                kind=carried_article.kind,
                is_grief=carried_article.kind == Kind.OBITUARY,  # as an editor would mark it
                picture=_picture(desk.pictures[carried_article.picture], files) if carried_article.picture else None,
                body=json.dumps(list(map(_block, carried_article.body, _ids(carried_article)))),
                source_name=rights.source,
                source_url=rights.url,
                licence_name=rights.licence,
                licence_url=rights.licence_url,
                changes=rights.changes,
            )
            article.bylines.set([Byline(person=desk.people[slug]) for slug in carried_article.byline])
            article.topics.set([desk.topics[slug] for slug in carried_article.topics])
            section.add_child(instance=article)
            publish(article, first_published_at=carried_article.published)
    except BaseException:
        # The rows are gone; the files are not in the transaction.
        for name in files:
            default_storage.delete(name)
        raise


def _picture(picture: carried.Picture, files: list[str]) -> Picture:
    """The light picture, with its dark twin; the names both are stored under go to `files`."""
    dark = _picture_file(picture, picture.dark, f"{picture.title} (dark)", None)
    files.append(str(dark.file.name))
    light = _picture_file(picture, picture.file, picture.title, dark)
    files.append(str(light.file.name))
    return light


def _picture_file(picture: carried.Picture, file: str, title: str, dark: Picture | None) -> Picture:
    return Picture.objects.create(
        title=title,
        width=picture.width,  # known: asking the file would unpack it once more
        height=picture.height,
        file=ContentFile((carried.PICTURES / file).read_bytes(), name=file),
        caption=picture.caption,
        credit=picture.credit,
        alt_text=picture.alt,
        source=picture.source,
        source_url=picture.source_url,
        licence=picture.licence,
        dark=dark,
    )


def _ids(article: carried.Article) -> list[str]:
    """Names for the blocks that are the same in every load."""
    return [str(uuid5(NAMESPACE_URL, f"{article.attribution.url}#{number}")) for number in range(len(article.body))]


def _block(block: carried.Block, block_id: str) -> dict[str, Any]:
    """A block as the newsroom's `Body` keeps it."""
    value: Any = block.value
    match block.type:
        case "paragraph":
            value = f"<p>{value}</p>"
        case "list":
            items = "".join(f"<li>{item}</li>" for item in value["items"])
            value = f"<ol>{items}</ol>" if value["numbered"] else f"<ul>{items}</ul>"
        case "table":
            value = {
                "data": [value["head"], *value["rows"]],
                "table_caption": value["caption"],
                "first_row_is_table_header": True,
                "first_col_is_header": False,
                "table_header_choice": "row",
            }
        case "embed":
            value = {**value, "thumbnail": None}
    return {"type": block.type, "value": value, "id": block_id}
