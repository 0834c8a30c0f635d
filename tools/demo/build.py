#!/usr/bin/env python3
"""Build the demo edition that is carried in the package.

    tools/demo/build.py --wikinews wikinews_2019.csv --digitalgov news.jsonl.gz [--maps DIR] [--report]

`wikinews_2019.csv` is `data/wikinews_2019.csv` of vanatteveldt/wikinews (English Wikinews, CC BY 2.5); `news.jsonl.gz`
holds the articles of GSA/digitalgov.gov, `content/news` (public domain), one JSON object a line. `--maps` is a folder
of maps drawn by `locator_map.py` from `maps.json`; without it the pictures of the last build stay. The same input makes
the same bytes.

Needs the package itself, markdown-it-py and beautifulsoup4.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import desk
from digitalgov import Dispatch, read_dispatches
from PIL import Image
from wikinews import Curation, Story, plain_text, read_stories

from broadsheet.interchange.demo.edition import (
    FILE,
    PICTURES,
    Article,
    Edition,
    Fields,
    Person,
    Picture,
    Topic,
    write_edition,
)

HERE = Path(__file__).parent
FEWEST_IN_TOPIC = 3  # Wikinews articles; a topic of one story is not a topic
CONTRIBUTORS = Person(
    slug="wikinews-contributors",
    name="Wikinews contributors",
    kind="organisation",
    agency="",
    description="Volunteers of English Wikinews. The history of each article, at its source, names all who wrote it.",
    url="https://en.wikinews.org/wiki/Wikinews:Introduction",
)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--wikinews", type=Path, required=True)
    ask.add_argument("--digitalgov", type=Path, required=True)
    ask.add_argument("--maps", type=Path, help="folder of freshly drawn maps")
    ask.add_argument("--report", action="store_true", help="print what was sorted where and what was left out")
    asked = ask.parse_args()
    edition = build(asked.wikinews, asked.digitalgov, asked.maps)
    write_edition(edition)
    if asked.report:
        report(edition)
    counts = f"{len(edition.articles)} articles, {len(edition.pictures)} pictures"
    print(f"{counts}: {FILE.name}, {FILE.stat().st_size:,} bytes")


def build(wikinews: Path, digitalgov: Path, maps: Path | None) -> Edition:
    curation = tomllib.loads((HERE / "curation.toml").read_text())
    stories = list(read_stories(wikinews, curation))
    dispatches = list(read_dispatches(digitalgov, curation))
    _refuse_unused(curation, stories)
    specs = json.loads((HERE / "maps.json").read_text())
    pictures = tuple(_picture(spec, maps) for spec in specs)
    shown = {spec["article"]: spec["name"] for spec in specs}
    assert len(shown) == len(specs), "two maps for one article"
    articles = [
        *_from_wikinews(stories, curation, shown),
        *(_from_digitalgov(dispatch) for dispatch in dispatches),
    ]
    articles.sort(key=lambda article: (article.published, article.slug))
    assert set(shown) <= {article.slug for article in articles}, set(shown) - {article.slug for article in articles}
    _refuse_doubles(articles)
    return Edition(
        sections=desk.SECTIONS,
        people=(CONTRIBUTORS, *_people(dispatches)),
        topics=_topics(articles, dispatches),
        pictures=pictures,
        articles=tuple(articles),
    )


def _from_wikinews(stories: Sequence[Story], curation: Curation, shown: dict[str, str]) -> Iterable[Article]:
    topics = {story.slug: desk.topics_of(story, curation["topics"]) for story in stories}
    stories_in = Counter(topic.slug for of_story in topics.values() for topic in of_story)
    for story in stories:
        section = desk.section_of(story, curation["section"])
        yield Article(
            slug=story.slug,
            section=section,
            headline=story.headline,
            standfirst=story.standfirst,
            kicker=desk.kicker_of(story, section, curation["kicker"]),
            dateline=curation["dateline"].get(story.slug, ""),
            kind=desk.kind_of(story.headline, section),
            published=story.published,
            byline=(CONTRIBUTORS.slug,),
            topics=tuple(topic.slug for topic in topics[story.slug] if stories_in[topic.slug] >= FEWEST_IN_TOPIC),
            picture=shown.get(story.slug, ""),
            body=tuple(story.blocks),
            attribution=story.attribution(),
        )


def _from_digitalgov(dispatch: Dispatch) -> Article:
    return Article(
        slug=dispatch.slug,
        section="digital-government",
        headline=dispatch.headline,
        standfirst=dispatch.standfirst,
        kicker=dispatch.topics[0].name if dispatch.topics else "",
        dateline="",
        kind=desk.kind_of(dispatch.headline, "digital-government"),
        published=dispatch.published,
        byline=tuple(person.slug for person in dispatch.byline),
        topics=tuple(topic.slug for topic in dispatch.topics),
        picture="",
        body=dispatch.blocks,
        attribution=dispatch.attribution,
    )


def _people(dispatches: Sequence[Dispatch]) -> list[Person]:
    """Everyone in a byline, by name; of two records of one person, the one that knows the agency."""
    people: dict[str, Person] = {}
    for person in (person for dispatch in dispatches for person in dispatch.byline):
        known = people.get(person.slug)
        people[person.slug] = replace(known, agency=known.agency or person.agency) if known else person
    return [people[slug] for slug in sorted(people)]


def _topics(articles: Sequence[Article], dispatches: Sequence[Dispatch]) -> tuple[Topic, ...]:
    used = {slug for article in articles for slug in article.topics}
    named = {rule.topic.slug: rule.topic for rule in desk.TOPICS}
    named |= {topic.slug: topic for dispatch in dispatches for topic in dispatch.topics if topic.slug not in named}
    return tuple(named[slug] for slug in sorted(used))


def _picture(spec: Fields, maps: Path | None) -> Picture:
    name = spec["name"]
    PICTURES.mkdir(exist_ok=True)
    for file in (f"{name}.webp", f"{name}-dark.webp"):
        if maps:
            shutil.copyfile(maps / file, PICTURES / file)
    with Image.open(PICTURES / f"{name}.webp") as image:
        width, height = image.size
    return Picture(
        name=name,
        title=spec["title"],
        file=f"{name}.webp",
        dark=f"{name}-dark.webp",
        width=width,
        height=height,
        caption=spec["caption"],
        credit="Map: Broadsheet / Natural Earth",
        alt=spec["alt"],
        source="Natural Earth",
        source_url="https://www.naturalearthdata.com/",
        licence="Public domain",
    )


def _refuse_unused(curation: Curation, stories: Sequence[Story]) -> None:
    slugs = {story.slug for story in stories}
    for kind in ("section", "kicker", "dateline", "topics", "speakers", "correction", "pull_quote", "background"):
        if unused := set(curation[kind]) - slugs:
            raise SystemExit(f"curation.toml, [{kind}]: no such article: {', '.join(sorted(unused))}")


def _refuse_doubles(articles: Sequence[Article]) -> None:
    addresses = Counter((article.section, article.slug) for article in articles)
    doubles = [address for address, times in addresses.items() if times > 1]
    assert not doubles, doubles


def report(edition: Edition) -> None:
    names = {section.slug: section.name for section in edition.sections}
    for section in edition.sections:
        inside = [article for article in edition.articles if article.section == section.slug]
        print(f"\n{names[section.slug]}: {len(inside)}")
        for article in inside:
            words = sum(len(plain_text(block).split()) for block in article.body)
            said = f"{article.kicker} | {article.headline} | {', '.join(article.topics)}"
            print(f"  {article.published:%Y-%m-%d} {words:5} {said}")
    print("\nTopics")
    for topic in edition.topics:
        print(f"  {sum(topic.slug in article.topics for article in edition.articles):3} {topic.name}")


if __name__ == "__main__":
    main()
