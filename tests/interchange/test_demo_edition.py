"""The demo edition as it lies in the package: attributed, clean, and true to what it was made from."""

from __future__ import annotations

import html
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from broadsheet.interchange.demo.edition import PICTURES, Article, Block, Edition, read_edition, write_edition

CURATION = tomllib.loads((Path(__file__).parents[2] / "tools/demo/curation.toml").read_text())
INLINE = re.compile(r'</?(?:b|i|br|a)>|<a href="https?://[^"<>\s]+">')
RESIDUE = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|\(\(|\)\)|██|\bImage:|Related news|Have an opinion|External links|^Sources$|^—\s?\S|^–\s?\S"
    r"|\]\(|\*\*|legacy-img|\bshortcode|&(?:amp;)?#?\w+;&|\u200b|\u200d|\ufffd"
)


@pytest.fixture(scope="module")
def edition() -> Edition:
    return read_edition()


def texts(block: Block) -> Iterator[str]:
    """Every text of a block, with its markup."""
    pending: list[object] = [block.value]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value


def words(article: Article) -> int:
    plain = (re.sub(r"<[^>]+>", " ", text) for block in article.body for text in texts(block))
    return sum(len(text.split()) for text in plain)


def test_eight_sections_carry_at_least_eight_articles_each(edition: Edition) -> None:
    inside = Counter(article.section for article in edition.articles)
    assert set(inside) == {section.slug for section in edition.sections}
    assert len(edition.sections) == 8
    assert min(inside.values()) >= 8, inside


def test_all_but_one_of_the_wikinews_articles_are_there(edition: Edition) -> None:
    sources = Counter(article.attribution.source for article in edition.articles)
    assert sources["English Wikinews"] == 171 - len(CURATION["left_out"])
    assert sources["Digital.gov, U.S. General Services Administration"] == len(CURATION["digitalgov"]["picked"]) >= 55


def test_every_article_names_and_links_its_source_its_licence_and_what_was_changed(edition: Edition) -> None:
    for article in edition.articles:
        rights = article.attribution
        assert re.match(r"https://(?:en\.wikinews\.org/wiki/|digital\.gov/\d{4}/)", rights.url), article.slug
        assert re.match(
            r"https://creativecommons\.org/(?:licenses/by/2\.5|publicdomain/zero/1\.0)/$", rights.licence_url
        )
        assert rights.licence
        assert 20 < len(rights.changes) <= 300, article.slug
    addresses = [article.attribution.url for article in edition.articles]
    assert len(set(addresses)) == len(addresses)


def test_no_block_shows_what_the_wiki_or_the_site_generator_left_behind(edition: Edition) -> None:
    for article in edition.articles:
        for block in article.body:
            for text in texts(block):
                found = RESIDUE.search(re.sub(r"<[^>]+>", "", text))
                assert not found, f"{article.slug}, {block.type}: {found and found[0]!r} in {text[:120]!r}"


def test_a_paragraph_is_a_sentence_or_more(edition: Edition) -> None:
    for article in edition.articles:
        for block in article.body:
            if block.type == "paragraph":
                plain = html.unescape(re.sub(r"<[^>]+>", "", str(block.value)))
                assert len(plain) >= 10, f"{article.slug}: {plain!r}"
                assert plain == plain.strip() and "  " not in plain, f"{article.slug}: {plain!r}"


def test_paragraphs_hold_only_inline_markup_with_absolute_links(edition: Edition) -> None:
    for article in edition.articles:
        for block in article.body:
            if block.type == "paragraph":
                assert "<" not in INLINE.sub("", str(block.value)), f"{article.slug}: {block.value}"


def test_no_sentence_of_an_article_is_printed_twice(edition: Edition) -> None:
    for article in edition.articles:
        said = Counter(
            sentence
            for block in article.body
            if block.type in ("paragraph", "list", "fact_box", "quote")
            for text in texts(block)
            for sentence in re.split(r"(?<=[.!?])\s+", re.sub(r"<[^>]+>", " ", text))
            if len(sentence) > 60
        )
        assert not [sentence for sentence, times in said.items() if times > 1], article.slug


def test_the_standfirst_is_moved_up_and_not_repeated(edition: Edition) -> None:
    with_one = [article for article in edition.articles if article.standfirst]
    assert len(with_one) > 120
    for article in with_one:
        opening = re.sub(r"<[^>]+>", "", str(next(b.value for b in article.body if b.type == "paragraph")))
        assert not html.unescape(opening).startswith(article.standfirst), article.slug
        assert article.standfirst[-1] in ".?!”…)", article.standfirst


def test_pull_quotes_are_the_articles_own_words(edition: Edition) -> None:
    quoted = 0
    for article in edition.articles:
        body = " ".join(html.unescape(str(block.value)) for block in article.body if block.type == "paragraph")
        for block in article.body:
            if block.type == "pull_quote" and isinstance(block.value, dict):
                quoted += 1
                assert str(block.value["text"])[1:] in body, article.slug
                assert block.value["speaker"]
    assert quoted >= 10


def test_articles_are_long_enough_to_read_and_in_balance(edition: Edition) -> None:
    lengths = sorted(words(article) for article in edition.articles)
    assert lengths[0] >= 80
    assert 250 <= lengths[len(lengths) // 2] <= 600
    assert lengths[-1] <= 2500
    assert sum(lengths) > 90_000


def test_the_blocks_a_newsroom_writes_with_all_occur(edition: Edition) -> None:
    kinds = {block.type for article in edition.articles for block in article.body}
    assert kinds == {"paragraph", "subheading", "list", "quote", "pull_quote", "fact_box", "table", "embed"}


def test_dates_are_of_2013_to_2019_aware_and_in_order(edition: Edition) -> None:
    dates = [article.published for article in edition.articles]
    assert all(date.tzinfo for date in dates)
    assert dates == sorted(dates)
    assert dates[0].year == 2013
    assert dates[-1].year == 2019


def test_everything_an_article_refers_to_is_carried_and_everything_carried_is_used(edition: Edition) -> None:
    people = {slug for article in edition.articles for slug in article.byline}
    topics = {slug for article in edition.articles for slug in article.topics}
    assert people == {person.slug for person in edition.people}
    assert topics == {topic.slug for topic in edition.topics}
    assert all(article.byline for article in edition.articles)


def test_a_topic_of_the_news_has_three_articles_or_more(edition: Edition) -> None:
    news = Counter(s for a in edition.articles if a.section != "digital-government" for s in a.topics)
    assert min(news.values()) >= 3, news


def test_no_picture_serves_two_stories_and_each_says_what_it_shows(edition: Edition) -> None:
    shown = Counter(article.picture for article in edition.articles if article.picture)
    assert set(shown.values()) == {1}
    assert set(shown) == {picture.name for picture in edition.pictures}
    for picture in edition.pictures:
        assert picture.caption.endswith(".")
        assert picture.alt.startswith("Map of") and picture.alt.endswith(".")
        assert picture.alt != picture.caption
        assert picture.credit == "Map: Broadsheet / Natural Earth"
        for file in (picture.file, picture.dark):
            with Image.open(PICTURES / file) as image:
                assert image.size == (picture.width, picture.height)
                assert image.width == 1600


def test_the_edition_is_small_enough_to_carry(edition: Edition) -> None:
    folder = PICTURES.parent
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 6_000_000
    assert {file.name for file in PICTURES.iterdir()} == {f for p in edition.pictures for f in (p.file, p.dark)}


def test_writing_what_was_read_makes_the_same_bytes(edition: Edition, tmp_path: Path) -> None:
    write_edition(edition, tmp_path / "again.xz")
    write_edition(read_edition(tmp_path / "again.xz"), tmp_path / "and-again.xz")
    assert (tmp_path / "again.xz").read_bytes() == (tmp_path / "and-again.xz").read_bytes()
    assert read_edition(tmp_path / "again.xz") == edition
