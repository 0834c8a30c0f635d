"""Searches readers make, on whatever database this process has: `test_search.py` runs them on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

from django.db import connection, transaction

from broadsheet import clock
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.models import Article, Byline, ChangeClass, Publication, SearchEntry
from broadsheet.newsroom.searching import backends, index, query
from broadsheet.newsroom.searching.find import Asked, Results, find
from tests.factories import PARAGRAPHS, a_draft, a_person, a_section, a_topic, an_article

WITHHELD = "second boat returns in May depends on a survey of its hull"


def search(text: str, **filters: object) -> Results:
    return find(Asked(query.read(text), **filters))  # type: ignore[arg-type]


def found(text: str, **filters: object) -> list[int]:
    return [hit.article.pk for hit in search(text, **filters).hits]


def a_story_is_found_by_headline_standfirst_names_and_opening() -> None:
    person, topic = a_person("Foil Correspondent"), a_topic("Hydrofoils")
    article = an_article(
        headline="Marmalade",
        standfirst="About quinces.",
        dateline="Ghent",
        topics=[topic],
        bylines=[Byline(person=person)],
    )
    for word in ("marmalade", "QUINCES", "hydrofoils", "correspondent", "ghent"):
        assert found(word) == [article.pk], word
    assert article.pk in found("council debate ferry")  # the first paragraph: its opening


def what_is_withheld_is_not_found_and_not_shown() -> None:
    article = an_article(headline="Marmalade")
    assert not found(f'"{WITHHELD}"')
    assert not found("hull survey yard")
    assert article.pk not in found("abstained")
    assert "hull" not in str(search("marmalade"))
    entry = SearchEntry.objects.get(pk=article.pk)
    assert PARAGRAPHS[0] in entry.opening and PARAGRAPHS[5] not in entry.opening


def a_free_story_is_found_by_all_its_text() -> None:
    article = an_article(headline="Marmalade", always_free=True)
    results = search(f'"{WITHHELD}"')
    assert [hit.article.pk for hit in results.hits] == [article.pk]
    marked = [piece.text for piece in results.hits[0].extract if piece.is_found]
    assert "survey" in marked and "hull" in marked


def a_story_that_is_free_no_longer_takes_its_text_out() -> None:
    article = an_article(headline="Marmalade", always_free=True)
    assert found("hull survey") == [article.pk]
    article.always_free = False
    publish(article, change=ChangeClass.STYLE)
    assert found("hull survey") == []
    article = an_article(headline="Quinces", free_until=datetime(2999, 1, 1, tzinfo=UTC))
    assert found("hull survey") == []


def publishing_changing_and_taking_down_are_seen_at_once() -> None:
    article = a_draft(headline="Marmalade")
    assert found("marmalade") == []
    publish(article)
    assert found("marmalade") == [article.pk]
    article.title = "Quinces"
    publish(article, change=ChangeClass.STYLE)
    assert (found("marmalade"), found("quinces")) == ([], [article.pk])
    unpublish(article)
    assert found("quinces") == []
    publish(article, change=ChangeClass.UPDATE)
    assert found("quinces") == [article.pk]
    article.delete()
    assert found("quinces") == []
    assert index.differences().count == 0


def a_renamed_topic_or_person_is_found_by_the_new_name() -> None:
    person, topic = a_person("Foil Correspondent"), a_topic("Hydrofoils")
    article = an_article(topics=[topic], bylines=[Byline(person=person)])
    topic.name, person.name = "Catamarans", "Harbour Desk"
    topic.save()
    person.save()
    assert found("catamaran") == found('"harbour desk"') == [article.pk]
    assert found("hydrofoils") == found("correspondent") == []


def typos_are_forgiven() -> None:
    article = an_article(headline="Marmalade prices rise in parliament", standfirst="")
    for typo in ("marmlade", "marmallade", "mramalade", "marmelade", "marmalade parlaiment", "pices marmalade rise"):
        results = search(typo)
        assert [hit.article.pk for hit in results.hits] == [article.pk], typo
        assert results.corrected, typo
    assert search("marmlade prices").corrected == "Marmalade prices"
    assert search("marmalade").corrected == ""


def a_rare_spelling_is_answered_and_the_usual_one_suggested() -> None:
    for _ in range(11):
        an_article(headline="The harbour opens", standfirst="")
    rare = an_article(headline="A harbor elsewhere", standfirst="")
    results = search("harbor")
    assert [hit.article.pk for hit in results.hits] == [rare.pk]
    assert results.suggestion and results.suggestion.text == "harbour"
    assert results.suggestion.url == "/search/?q=harbour"
    assert search("harbour").suggestion is None


def phrases_and_minus_mean_what_they_say() -> None:
    one = an_article(headline="Ferry line to the islands", standfirst="")
    other = an_article(headline="Line of the ferry", standfirst="")
    mine = {one.pk, other.pk}
    assert set(found("ferry line")) & mine == mine
    assert set(found('"ferry line"')) & mine == {one.pk}
    assert set(found("“ferry line”")) & mine == {one.pk}
    assert set(found("ferry -islands")) & mine == {other.pk}
    assert set(found('line -"ferry line"')) & mine == {other.pk}
    assert query.read("-ferry -line").is_empty


def a_phrase_does_not_reach_from_one_field_into_the_next() -> None:
    an_article(headline="Marmalade", standfirst="Quinces are dear.")
    assert found('"marmalade quinces"') == []


def signs_mean_nothing_to_the_database() -> None:
    article = an_article(headline="Marmalade")
    everything = search("marmalade").total
    for text in (
        'marmalade" OR "1', "marmalade*", "headline:marmalade", "marmalade' OR 1=1 --", "(marmalade", "marmalade)",
        "marmalade:*", "{marmalade}", "^marmalade", "marmalade \\", "marmalade & !", "marmalade | x'y",
        "marmalade %s %(a)s", "NEAR(marmalade", "marmalade;",
    ):  # fmt: skip
        results = search(text)  # other words in it may find nothing; nothing may fail, and nothing be found by them
        assert results.total in (0, everything), text
    for text in ("*", '"', '""', "***", "AND", "NOT", "' '", "\\", "%", "_", "<->", ":*", "a*", "\ud800", "\x00"):
        search(text)
    assert found("marmalade*") == [article.pk]


def words_are_folded_in_many_scripts() -> None:
    stories = {
        "שלום בירושלים": ("שָׁלוֹם", "ירושלים", "בירושלים"),
        "צה״ל הודיע": ('צה"ל', "צהל"),
        "L’État à Łódź": ("etat", "lodz", "ÉTAT"),
        "東京タワーの火事": ("東京", "タワー"),
        "أَخْبَار المدينة": ("اخبار",),
        "हिन्दी समाचार": ("हिन्दी",),
        "Trump's don't": ("trump", "dont", "don’t"),
    }
    for headline, words in stories.items():
        article = an_article(headline=headline, standfirst="")
        for word in words:
            assert article.pk in found(word), (headline, word)
    assert found("京東") == []


def filters_narrow_and_the_counts_are_true() -> None:
    one, other = a_section("Harbour"), a_section("Market")
    person, topic = a_person(), a_topic()
    publication = Publication.ours()
    publication.zone = "Asia/Tokyo"
    publication.save()
    a = an_article(one, headline="Marmalade one", topics=[topic])
    b = an_article(other, headline="Marmalade two", bylines=[Byline(person=person)])
    c = a_draft(other, headline="Marmalade three")
    publish(c, first_published_at=datetime(2020, 2, 29, 16, tzinfo=UTC))  # the first of March in Tokyo
    assert set(found("marmalade", section=other)) == {b.pk, c.pk}
    assert found("marmalade", topic=topic) == [a.pk]
    assert found("marmalade", person=person) == [b.pk]
    assert found("marmalade", since=date(2020, 3, 1), until=date(2020, 3, 1)) == [c.pk]
    assert found("marmalade", until=date(2020, 2, 29)) == []
    assert found("", until=date(2020, 12, 31)) == [c.pk]  # filters alone are a search
    assert found("marmalade", by_date=True)[-1] == c.pk
    results = search("marmalade", section=other)
    assert {choice.name: choice.count for choice in results.sections} == {"Harbour": 1, "Market": 2}
    assert results.total == 2
    assert [choice.slug for choice in results.people] == [person.slug]
    nothing = search("marmalade one", section=other)
    assert [way.url for way in nothing.ways_out][:1] == ["/search/?q=marmalade+one"]


def the_headline_counts_most() -> None:
    an_article(headline="Ducks", standfirst="And some marmalade.")
    best = an_article(headline="Marmalade", standfirst="Nothing else.")
    an_article(headline="Geese", standfirst="Without marmalade.")
    assert found("marmalade")[0] == best.pk


def a_word_of_very_many_articles_is_still_led_by_headlines_then_by_the_newest() -> None:
    section = a_section()
    old = a_draft(section, headline="Marmalade", standfirst="")
    publish(old, first_published_at=clock.now() - timedelta(days=30))
    others = [an_article(section, headline=f"Jar {number}", standfirst="Of marmalade.").pk for number in range(5)]
    with patch.object(backends, "MOST_RANKED", 3):
        results = search("marmalade")
    assert results.total == 6
    assert [hit.article.pk for hit in results.hits][:3] == [old.pk, others[4], others[3]]


def pages_follow_each_other() -> None:
    articles = [an_article(headline=f"Marmalade {number}", standfirst="") for number in range(23)]
    first, second = search("marmalade"), search("marmalade", number=2)
    assert (first.total, len(first.hits), len(second.hits)) == (23, 20, 3)
    assert {hit.article.pk for hit in [*first.hits, *second.hits]} == {article.pk for article in articles}
    assert first.pager.next_url == "/search/?q=marmalade&page=2" and not first.pager.previous_url
    assert second.pager.previous_url == "/search/?q=marmalade" and not second.pager.next_url
    assert search("marmalade", number=40).pager.number == 2


def a_rebuilt_index_finds_the_same() -> None:
    article = an_article(headline="Marmalade")
    seen: list[tuple[int, int]] = []
    assert index.rebuild(lambda done, of: seen.append((done, of))) == Article.objects.filter(live=True).count()
    assert seen[-1][0] == seen[-1][1]
    assert found("marmlade") == [article.pk]
    index.forget([article.pk])
    assert index.differences().missing == {article.pk}
    assert index.fill_if_empty() == (1 if Article.objects.filter(live=True).count() == 1 else 0)


SEARCHES: list[Callable[[], None]] = [
    a_story_is_found_by_headline_standfirst_names_and_opening,
    what_is_withheld_is_not_found_and_not_shown,
    a_free_story_is_found_by_all_its_text,
    a_story_that_is_free_no_longer_takes_its_text_out,
    publishing_changing_and_taking_down_are_seen_at_once,
    a_renamed_topic_or_person_is_found_by_the_new_name,
    typos_are_forgiven,
    a_rare_spelling_is_answered_and_the_usual_one_suggested,
    phrases_and_minus_mean_what_they_say,
    a_phrase_does_not_reach_from_one_field_into_the_next,
    signs_mean_nothing_to_the_database,
    words_are_folded_in_many_scripts,
    filters_narrow_and_the_counts_are_true,
    the_headline_counts_most,
    a_word_of_very_many_articles_is_still_led_by_headlines_then_by_the_newest,
    pages_follow_each_other,
    a_rebuilt_index_finds_the_same,
]


def main() -> None:
    """All of them, each in a transaction that is rolled back."""
    assert connection.vendor == "postgresql"
    for one in SEARCHES:
        try:
            with transaction.atomic():
                one()
                transaction.set_rollback(True)
        except Exception as fault:
            raise AssertionError(one.__name__) from fault
    print("all was found")
