"""An editor at the keyboard: real forms, posted to Wagtail's own addresses, and what readers then see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from wagtail.models import Page, PageViewRestriction, Revision
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from broadsheet.newsroom import guard, versions
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.models import ActName, Article, Byline, ChangeClass, FrontPage, PublishedVersion, Tombstone
from broadsheet.readers.models import User
from tests.factories import (
    PARAGRAPHS,
    a_draft,
    a_person,
    a_picture,
    a_reporter,
    a_section,
    a_topic,
    an_account,
    an_article,
    an_editor,
)
from tests.newsroom.conftest import Gate

pytestmark = pytest.mark.django_db(transaction=True)


def story(**fields: Any) -> dict[str, str]:
    """The article's form, filled in. `bylines`: of (person, role); `body`: of blocks."""
    bylines = [{"person": person.pk, "role": role} for person, role in fields.pop("bylines", [])]
    body = fields.pop("body", [("paragraph", rich_text(f"<p>{paragraph}</p>")) for paragraph in PARAGRAPHS])
    return nested_form_data(
        {
            "kicker": "Shipping",
            "title": "The ferry stays",
            "standfirst": "For another winter.",
            "dateline": "Harbour",
            "slug": "the-ferry-stays",
            "kind": "article",
            "body": streamfield(body),
            "bylines": inline_formset(bylines),
            "comments": inline_formset([]),
            **fields,
        }
    )


def written_at(client: Client, section: Page, **fields: Any) -> HttpResponse:
    return client.post(f"/admin/pages/add/newsroom/article/{section.pk}/", story(**fields))


def edited(client: Client, article: Article, **fields: Any) -> HttpResponse:
    given = {"title": article.title, "slug": article.slug, **fields}
    return client.post(f"/admin/pages/{article.pk}/edit/", story(**given))


def acts(article: Article) -> list[tuple[str, str]]:
    found = PublishedVersion.objects.filter(article_id=article.pk).order_by("number")
    return [(version.act, version.change) for version in found]


def fresh(article: Article) -> Article:
    return Article.objects.get(pk=article.pk)


# ── write and publish


def test_an_editor_writes_and_publishes_a_story_with_everything(newsroom: Client, gate: Gate) -> None:
    section, topic = a_section(), a_topic()
    reporter, photographer = a_person("First Reporter"), a_person("Second Reporter")
    main, second = a_picture(), a_picture("The hull")
    answer = written_at(
        newsroom,
        section,
        topics=str(topic.pk),
        picture=main.pk,
        bylines=[(reporter, "reported by"), (photographer, "photographs by")],
        body=[
            ("paragraph", rich_text(f"<p>{PARAGRAPHS[0]}</p>")),
            ("subheading", "What it costs"),
            ("list", rich_text("<ul><li>Fuel</li><li>Crew</li></ul>")),
            ("picture", {"picture": second.pk, "caption": "The hull on Monday."}),
            ("quote", {"text": "We will sail.", "speaker": "First Reporter", "role": "captain"}),
            ("pull_quote", {"text": "We will sail.", "speaker": ""}),
            ("fact_box", {"heading": "The boat", "text": rich_text("<p>Built in 1961.</p>")}),
            ("embed", {"url": "https://youtu.be/dQw4w9WgXcQ", "title": "The boat sails", "thumbnail": ""}),
            ("paragraph", rich_text(f"<p>{PARAGRAPHS[1]}</p>")),
        ],
        **{"action-publish": "yes"},
    )
    assert answer.status_code == 302, answer.context["form"].errors

    article = Article.objects.get(slug="the-ferry-stays")
    assert article.live
    assert acts(article) == [("publish", "")]
    assert [(line.person, line.role) for line in article.bylines.all()] == [
        (reporter, "reported by"),
        (photographer, "photographs by"),
    ]
    html = gate.html(article.url)
    for words in (
        "Shipping", "For another winter.", "First Reporter", "Second Reporter", "What it costs", "The hull on Monday.",
        "Built in 1961.", "We will sail.", "captain", "The boat sails", PARAGRAPHS[1], main.credit,
    ):  # fmt: skip
        assert words in html, words
    assert "<iframe" not in html
    assert "ytimg" not in html
    for path in ("/", section.url, topic.url, reporter.url, "/feed/"):
        assert article.url in gate.html(path)


def test_saving_a_draft_makes_nothing_public(newsroom: Client, gate: Gate) -> None:
    assert written_at(newsroom, a_section()).status_code == 302
    draft = Article.objects.get(slug="the-ferry-stays")
    assert not draft.live
    assert acts(draft) == []
    assert gate.page(draft.url).status_code == 404


def test_autosave_rewrites_a_revision_and_not_the_record(newsroom: Client, gate: Gate) -> None:
    written_at(newsroom, a_section(), **{"action-publish": "yes"})
    article = Article.objects.get(slug="the-ferry-stays")
    answer = edited(newsroom, article, title="Sneaked in", overwrite_revision_id=str(article.live_revision_id))
    assert answer.status_code in (200, 302)
    assert versions.values_of(versions.latest(article.pk))["headline"] == "The ferry stays"
    assert "Sneaked in" not in gate.html(article.url)
    assert versions.verify_chain(article) == []


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"title": ""}, "title", "required"),
        ({"embargo_until": "2999-01-01 00:00"}, "embargo_until", "embargo"),
        ({"always_free": "on", "members_only": "on"}, "members_only", "cannot be free"),
    ],
)
def test_what_is_not_ready_is_refused_beside_its_field(
    newsroom: Client, fields: dict[str, str], field: str, words: str
) -> None:
    answer = written_at(newsroom, a_section(), **fields, **{"action-publish": "yes"})
    assert answer.status_code == 200
    assert words in str(answer.context["form"].errors[field])
    assert not Article.objects.exists()


def test_a_picture_without_credit_is_refused_beside_its_field(newsroom: Client) -> None:
    answer = written_at(newsroom, a_section(), picture=a_picture(credit="").pk, **{"action-publish": "yes"})
    assert "no credit" in str(answer.context["form"].errors["picture"])
    assert not Article.objects.exists()


def test_an_embed_of_a_stranger_is_refused(newsroom: Client) -> None:
    body = [("embed", {"url": "https://example.org/watch?v=dQw4w9WgXcQ", "title": "What", "thumbnail": ""})]
    answer = written_at(newsroom, a_section(), body=body)
    assert answer.status_code == 200
    assert "YouTube or Vimeo" in answer.content.decode()


def test_a_section_called_feed_is_refused(newsroom: Client) -> None:
    front = Page.objects.get(depth=2)
    form = nested_form_data({"title": "Feed", "slug": "feed", "description": "", "comments": inline_formset([])})
    for action in ({}, {"action-publish": "yes"}):
        answer = newsroom.post(f"/admin/pages/add/newsroom/section/{front.pk}/", {**form, **action})
        assert answer.status_code == 200
        assert "has a meaning already" in answer.content.decode()


# ── change


def test_a_change_needs_its_kind_and_a_correction_its_note(newsroom: Client, gate: Gate) -> None:
    written_at(newsroom, a_section(), **{"action-publish": "yes"})
    article = Article.objects.get(slug="the-ferry-stays")

    answer = edited(newsroom, article, standfirst="For two winters.", **{"action-publish": "yes"})
    assert "what kind of change" in str(answer.context["form"].errors["change"])
    answer = edited(newsroom, article, standfirst="For two winters.", change="correction", **{"action-publish": "yes"})
    assert "needs a note" in str(answer.context["form"].errors["change_note"])
    assert "For two winters." not in gate.html(article.url)

    note = "It said one winter; it is two."
    answer = edited(
        newsroom,
        article,
        standfirst="For two winters.",
        change="correction",
        change_note=note,
        **{"action-publish": "yes"},
    )
    assert answer.status_code == 302
    assert acts(article) == [("publish", ""), ("publish", "correction")]
    assert versions.values_of(versions.latest(article.pk))["note"] == note
    assert "For two winters." in gate.html(article.url)
    assert (fresh(article).change, fresh(article).change_note) == ("", "")


def test_a_revision_brought_back_is_a_change_like_any_other(newsroom: Client) -> None:
    written_at(newsroom, a_section(), **{"action-publish": "yes"})
    article = Article.objects.get(slug="the-ferry-stays")
    first = article.live_revision_id
    edited(newsroom, article, standfirst="Wrong.", change="update", **{"action-publish": "yes"})
    moved = fresh(article).modified_at

    page = newsroom.get(f"/admin/pages/{article.pk}/revisions/{first}/revert/")
    assert page.status_code == 200
    answer = edited(
        newsroom,
        article,
        revision=str(first),
        standfirst="For another winter.",
        change="style",
        **{"action-publish": "yes"},
    )
    assert answer.status_code == 302
    assert acts(article)[-1] == ("publish", "style")
    assert fresh(article).standfirst == "For another winter."
    assert fresh(article).modified_at == moved  # not the date the old revision remembers


def test_a_preview_shows_the_open_article(newsroom: Client) -> None:
    article = an_article()
    preview = f"/admin/pages/{article.pk}/edit/preview/"
    answer = newsroom.post(preview, story(title="Only a preview", slug=article.slug))
    assert json.loads(answer.content)["is_valid"]
    html = newsroom.get(preview).content.decode()
    assert "Only a preview" in html
    assert PARAGRAPHS[5] in html
    assert fresh(article).title != "Only a preview"
    assert newsroom.get(f"/admin/pages/{article.pk}/view_draft/").status_code == 200


def test_a_reporter_may_write_but_has_no_button_to_publish() -> None:
    reporter = a_reporter()
    client = Client(HTTP_HOST="testserver")
    client.force_login(reporter)
    section = a_section()
    assert written_at(client, section, **{"action-publish": "yes"}).status_code == 302
    draft = Article.objects.get(slug="the-ferry-stays")
    assert not draft.live
    assert client.post(f"/admin/pages/{an_article(section).pk}/unpublish/").status_code in (302, 403)
    assert Article.objects.filter(live=True).count() == 1


# ── workflow


def test_a_headline_is_one_line_however_it_was_pasted(newsroom: Client) -> None:
    section = a_section()
    form = newsroom.get(f"/admin/pages/add/newsroom/article/{section.pk}/").content.decode()
    assert re.search(r'<textarea[^>]* id="id_title"', form), "it grows with the headline, also on a phone"
    written_at(newsroom, section, title="The ferry\r\n  stays ")
    assert Article.objects.get(slug="the-ferry-stays").headline == "The ferry stays"


def test_an_editor_approves_what_a_reporter_submitted(newsroom: Client, gate: Gate) -> None:
    reporter = Client(HTTP_HOST="testserver")
    reporter.force_login(a_reporter())
    written_at(reporter, a_section(), **{"action-submit": "yes"})
    article = Article.objects.get(slug="the-ferry-stays")
    state = article.current_workflow_task_state
    assert state is not None

    answer = newsroom.post(f"/admin/pages/workflow/action/{article.pk}/approve/{state.pk}/", {"comment": "Good."})

    assert answer.status_code in (200, 302)
    assert acts(article) == [("publish", "")]
    assert PublishedVersion.objects.get().by_id == int(newsroom.session["_auth_user_id"])
    assert PARAGRAPHS[5] in gate.html(article.url)


def test_an_approval_that_cannot_publish_is_undone_and_said(newsroom: Client) -> None:
    reporter = Client(HTTP_HOST="testserver")
    reporter.force_login(a_reporter())
    written_at(reporter, a_section(), picture=a_picture(credit="").pk, **{"action-submit": "yes"})
    article = Article.objects.get(slug="the-ferry-stays")
    state = article.current_workflow_task_state
    answer = newsroom.post(
        f"/admin/pages/workflow/action/{article.pk}/approve/{state.pk}/", {"comment": "Good."}, follow=True
    )
    assert "no credit" in answer.content.decode()
    assert not fresh(article).live
    assert fresh(article).current_workflow_task_state == state


# ── the buttons


def test_unpublishing_is_seen_at_once_with_the_notice(newsroom: Client, gate: Gate) -> None:
    article = an_article()
    assert 'name="notice"' in newsroom.get(f"/admin/pages/{article.pk}/unpublish/").content.decode()
    form = {"notice": "Withdrawn: <it> did not sink."}
    assert newsroom.post(f"/admin/pages/{article.pk}/unpublish/", form).status_code == 302
    assert "Withdrawn: &lt;it&gt; did not sink." in gate.page(article.url).content.decode()
    assert acts(article)[-1] == ("unpublish", "")
    assert gate.page(article.url).status_code == 410
    assert versions.latest(article.pk).by_id == int(newsroom.session["_auth_user_id"])


def test_a_section_unpublished_with_its_stories_leaves_a_record_for_each(newsroom: Client) -> None:
    section = a_section()
    stories = [an_article(section), an_article(section)]
    newsroom.post(f"/admin/pages/{section.pk}/unpublish/", {"include_descendants": "on"})
    assert [acts(story)[-1][0] for story in stories] == ["unpublish", "unpublish"]


def test_deleting_leaves_a_record_by_whoever_did_it(newsroom: Client, gate: Gate) -> None:
    article = an_article()
    address = article.url
    assert newsroom.post(f"/admin/pages/{article.pk}/delete/").status_code == 302
    assert not Article.objects.filter(pk=article.pk).exists()
    assert versions.latest(article.pk).act == ActName.UNPUBLISH
    assert versions.latest(article.pk).by_id == int(newsroom.session["_auth_user_id"])
    assert gate.page(address).status_code == 410


def test_a_section_with_stories_is_not_deleted_and_the_reason_is_given() -> None:
    article = an_article()
    client = Client(HTTP_HOST="testserver")
    client.force_login(an_account(is_staff=True, is_superuser=True))
    answer = client.post(f"/admin/pages/{article.section_id}/delete/", follow=True)
    assert "still holds 1 published article:" in answer.content.decode()
    assert fresh(article).live


def test_moving_changes_the_address_and_is_recorded(newsroom: Client, gate: Gate) -> None:
    article, elsewhere = an_article(), a_section()
    old = article.url
    assert newsroom.post(f"/admin/pages/{article.pk}/move/{elsewhere.pk}/confirm/").status_code == 302
    assert acts(article)[-1] == ("move", "")
    assert gate.page(old)["Location"] == fresh(article).url
    assert fresh(article).section == elsewhere


def test_a_copy_is_a_draft_whatever_was_ticked(newsroom: Client) -> None:
    article = an_article(bylines=[Byline(person=a_person())])
    form = {
        "new_title": "A copy", "new_slug": "a-copy", "new_parent_page": article.section_id,
        "publish_copies": "on", "alias": "on",
    }  # fmt: skip
    assert newsroom.post(f"/admin/pages/{article.pk}/copy/", form).status_code == 302
    copy = Article.objects.get(slug="a-copy")
    assert (copy.live, copy.alias_of, copy.first_published_at, copy.modified_at) == (False, None, None, None)
    assert acts(copy) == []
    assert copy.section == article.section
    publish(copy)
    assert fresh(copy).first_published_at > article.first_published_at


def test_a_section_copied_with_its_stories_gives_drafts(newsroom: Client) -> None:
    article = an_article()
    form = {
        "new_title": "Twin", "new_slug": "twin", "new_parent_page": Page.objects.get(depth=2).pk,
        "copy_subpages": "on", "publish_copies": "on",
    }  # fmt: skip
    assert newsroom.post(f"/admin/pages/{article.section_id}/copy/", form).status_code == 302
    twin = Article.objects.exclude(pk=article.pk).get()
    assert not twin.live
    assert twin.section.slug == "twin"


def test_pages_cannot_be_made_private(newsroom: Client) -> None:
    article = an_article()
    form = {"restriction_type": "login"}
    answer = newsroom.post(f"/admin/pages/{article.pk}/privacy/", form)
    assert answer.status_code in (302, 403)
    assert not PageViewRestriction.objects.exists()
    with pytest.raises(guard.UnrecordedChange):
        PageViewRestriction.objects.create(page=article, restriction_type="login")


# ── many at once


def bulk(client: Client, action: str, articles: list[Article], **form: Any) -> HttpResponse:
    ids = "&".join(f"id={article.pk}" for article in articles)
    return client.post(f"/admin/bulk/wagtailcore/page/{action}/?next=/admin/&{ids}", form, follow=True)


def test_bulk_actions_leave_a_record_for_each_story(newsroom: Client) -> None:
    section, elsewhere = a_section(), a_section()
    drafts = [a_draft(section), a_draft(section)]
    for draft in drafts:
        draft.save_revision()
    bulk(newsroom, "publish", drafts)
    assert [acts(draft) for draft in drafts] == [[("publish", "")]] * 2
    bulk(newsroom, "move", drafts, chooser=elsewhere.pk)
    assert [acts(draft)[-1][0] for draft in drafts] == ["move"] * 2
    bulk(newsroom, "unpublish", drafts)
    assert [acts(draft)[-1][0] for draft in drafts] == ["unpublish"] * 2
    for draft in drafts:
        publish(fresh(draft), change=ChangeClass.STYLE)
    bulk(newsroom, "delete", drafts)
    assert not Article.objects.exists()
    assert Tombstone.objects.count() >= 2
    for draft in drafts:
        assert versions.verify_chain(draft.pk) == []
        assert versions.latest(draft.pk).by_id == int(newsroom.session["_auth_user_id"])


def test_a_bulk_publish_with_one_story_not_ready_publishes_none_and_says_which(newsroom: Client) -> None:
    section = a_section()
    good, bad = a_draft(section), a_draft(section, picture=a_picture("The bad one", alt_text=""))
    for draft in (good, bad):
        draft.save_revision()
    answer = bulk(newsroom, "publish", [good, bad])
    assert "The bad one" in answer.content.decode()
    assert not Article.objects.filter(live=True).exists()
    assert not PublishedVersion.objects.exists()


# ── the schedule


def scheduled(draft: Article, by: Any = None) -> Article:
    """Approved to go live a minute ago."""
    draft.go_live_at = timezone.now() + timedelta(hours=1)
    draft.save_revision(user=by).publish(user=by)
    past = timezone.now() - timedelta(minutes=1)
    revision = Revision.objects.get(pk=fresh(draft).latest_revision_id)
    revision.content["go_live_at"] = past.isoformat()
    revision.approved_go_live_at = past
    revision.save()
    return draft


def test_one_story_that_cannot_go_live_keeps_no_other_waiting(gate: Gate) -> None:
    picture = a_picture()
    bad, good = scheduled(a_draft(picture=picture)), scheduled(a_draft())
    picture.credit = ""
    picture.save()
    with pytest.raises(CommandError, match="no credit"):
        call_command("publish_scheduled")
    assert fresh(good).live
    assert acts(good) == [("publish", "")]
    assert gate.page(good.url).status_code == 200
    assert not fresh(bad).live

    picture.credit = "Found"
    picture.save()
    call_command("publish_scheduled_pages")
    assert fresh(bad).live


def test_a_story_whose_time_is_over_is_taken_down_with_a_record(gate: Gate) -> None:
    article = an_article()
    Page.objects.filter(pk=article.pk).update(expire_at=timezone.now() - timedelta(minutes=1))
    call_command("publish_scheduled")
    assert acts(article)[-1] == ("unpublish", "")
    assert gate.page(article.url).status_code == 410


# ── people, topics, pictures, lists


@pytest.mark.parametrize(
    "address",
    ["/admin/", "/admin/articles/", "/admin/images/", "/admin/documents/", "/admin/redirects/",
     "/admin/snippets/newsroom/person/", "/admin/snippets/newsroom/person/add/", "/admin/snippets/newsroom/topic/"],
)  # fmt: skip
def test_every_list_an_editor_uses_opens(newsroom: Client, address: str) -> None:
    an_article(picture=a_picture(), topics=[a_topic()], bylines=[Byline(person=a_person())])
    assert newsroom.get(address).status_code == 200


@pytest.mark.parametrize(
    "address",
    ["/admin/", "/admin/pages/", "/admin/sites/", "/admin/users/", "/admin/groups/", "/admin/workflows/list/"],
)
def test_every_list_an_administrator_uses_opens(client: Client, address: str) -> None:
    an_article()
    client.force_login(User.objects.create_superuser("chief@example.org"))
    assert client.get(address, follow=True).status_code == 200


def test_an_editor_makes_a_person_and_renames_them(newsroom: Client, gate: Gate) -> None:
    form = {
        "name": "First Reporter",
        "slug": "first-reporter",
        "role": "reporter",
        "agency": "",
        "bio": "",
        "website": "",
    }
    assert newsroom.post("/admin/snippets/newsroom/person/add/", form).status_code == 302
    assert "First Reporter" in gate.html("/people/first-reporter/")


def test_a_person_in_a_byline_and_a_picture_in_print_are_not_deleted(newsroom: Client) -> None:
    person, picture = a_person(), a_picture()
    article = an_article(picture=picture, bylines=[Byline(person=person)])
    for address in (f"/admin/snippets/newsroom/person/delete/{person.pk}/", f"/admin/images/{picture.pk}/delete/"):
        assert newsroom.post(address).status_code in (200, 302, 403)
    article = fresh(article)
    assert article.picture == picture
    assert [line.person for line in article.bylines.all()] == [person]


def test_somebody_who_is_no_editor_does_not_get_in() -> None:
    client = Client(HTTP_HOST="testserver")
    assert client.get("/admin/").status_code == 302
    client.force_login(an_editor())
    assert client.get("/admin/").status_code == 200


# ── the menu, and the names of things


def lit(client: Client, address: str) -> str:
    """The item of the menu that Wagtail's script lights: that with the longest beginning of the page's address."""
    page = client.get(address)
    menu = json.loads(re.findall(r'<script id="wagtail-sidebar-props"[^>]*>(.*?)</script>', page.content.decode())[0])
    items = {found["url"]: found["name"] for found in _links(menu)}
    return str(items[max((url for url in items if address.startswith(url)), key=len)])


def _links(menu: Any) -> Iterator[dict[str, str]]:
    if isinstance(menu, dict) and {"url", "name"} <= menu.keys():
        yield menu
    for part in menu.values() if isinstance(menu, dict) else menu if isinstance(menu, list) else ():
        yield from _links(part)


def test_whoever_writes_an_article_is_among_the_articles_and_not_the_sections(newsroom: Client) -> None:
    article = an_article()
    assert lit(newsroom, "/admin/articles/") == "articles"
    # A name that begins with that of the list lights the list.
    for page in (f"{article.pk}/edit/", f"{article.pk}/history/", f"add/newsroom/article/{article.section_id}/"):
        assert lit(newsroom, f"/admin/pages/{page}").startswith("articles."), page
    assert lit(newsroom, f"/admin/pages/{article.section_id}/edit/") == "explorer"


def test_a_new_section_is_asked_for_its_name(newsroom: Client) -> None:
    form = newsroom.get(f"/admin/pages/add/newsroom/section/{FrontPage.objects.get().pk}/").content.decode()
    assert 'placeholder="Name"' in form
    assert "Page title" not in form
