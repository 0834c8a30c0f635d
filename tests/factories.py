"""What a newsroom is made of, in the trade's words, with as little said as a test needs to say."""

from __future__ import annotations

import io
import itertools
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.images import ImageFile
from PIL import Image

from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.models import Article, FrontPage, Person, Picture, Section, Topic
from broadsheet.readers.models import User

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)

# Long enough for an opening and something to withhold.
PARAGRAPHS = (
    "The council voted on Tuesday night to keep the ferry running through the winter, after an hour of debate.",
    "About forty people had come to the hall, most of them from the eastern shore, where nothing else goes to town.",
    "The subsidy will be paid from the harbour fund, the treasurer said, and must be voted on again in the spring.",
    "Two members abstained because the cost of the new engine had not been put in writing before the meeting began.",
    "The company that runs the ferry says that it carried eleven thousand passengers last winter, a third more.",
    "Whether the second boat returns in May depends on a survey of its hull, which the yard will finish in March.",
)


def a_section(name: str = "", slug: str = "") -> Section:
    number = next(_numbers)
    section = Section(title=name or f"Section {number}", slug=slug or f"section-{number}")
    FrontPage.objects.get().add_child(instance=section)
    return section


def a_draft(section: Section | None = None, headline: str = "", **fields: Any) -> Article:
    """An article that was saved and never published."""
    number = next(_numbers)
    article = Article(
        title=headline or f"The ferry stays, part {number}",
        slug=fields.pop("slug", f"the-ferry-stays-{number}"),
        standfirst=fields.pop("standfirst", "The council votes for another winter of crossings."),
        body=fields.pop("body", [("paragraph", f"<p>{paragraph}</p>") for paragraph in PARAGRAPHS]),
        live=False,
        **fields,
    )
    (section or a_section()).add_child(instance=article)
    return article


def an_article(section: Section | None = None, headline: str = "", **fields: Any) -> Article:
    """A published article."""
    article = a_draft(section, headline, **fields)
    publish(article)
    return article


def a_person(name: str = "", **fields: Any) -> Person:
    number = next(_numbers)
    return Person.objects.create(
        name=name or f"Reporter {number}", slug=fields.pop("slug", f"reporter-{number}"), **fields
    )


def a_topic(name: str = "") -> Topic:
    number = next(_numbers)
    return Topic.objects.create(name=name or f"Topic {number}", slug=f"topic-{number}")


def a_picture(title: str = "The ferry at the eastern landing", **fields: Any) -> Picture:
    written = io.BytesIO()
    Image.new("RGB", (1200, 800), (40, 90, 130)).save(written, "JPEG")
    written.seek(0)
    given = {
        "caption": "The ferry at the eastern landing on Tuesday.",
        "credit": "Harbour archive",
        "alt_text": "A small ferry at a wooden landing.",
        **fields,
    }
    return Picture.objects.create(title=title, file=ImageFile(written, name="ferry.jpg"), **given)


def an_account(name: str = "reader", **fields: Any) -> User:
    return User.objects.create_user(f"{name}{next(_numbers)}@example.org", PASSWORD, **fields)


def an_editor() -> User:
    """Somebody who may publish."""
    return _in_group(an_account("editor", is_staff=True), "Editors")


def a_reporter() -> User:
    """Somebody who writes, and whom an editor publishes."""
    return _in_group(an_account("reporter", is_staff=True), "Reporters")


def a_publisher() -> User:
    """Somebody who sets the meter."""
    return _in_group(an_account("publisher", is_staff=True), "Publishers")


def _in_group(user: User, name: str) -> User:
    user.groups.add(Group.objects.get(name=name))
    return user
