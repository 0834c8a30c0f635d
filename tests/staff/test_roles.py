"""Reporter, editor, publisher: what each can do in the admin, and nothing else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from broadsheet.newsroom.models import Article, Publication
from broadsheet.readers.models import User
from broadsheet.staff.acts.give_role import create_with_role
from broadsheet.staff.roles import is_staff
from tests.factories import PARAGRAPHS, a_draft, a_section, an_article
from tests.readers.conftest import new_address
from tests.staff.conftest import at_the_admin, trail

pytestmark = pytest.mark.django_db

REFUSED = (302, 403)  # Wagtail leads back to the first screen, with a message


def holder(role: str) -> User:
    return create_with_role(new_address(role), "unlikely pelican battery", role)


def story(slug: str, **fields: str) -> dict[str, str]:
    return nested_form_data(
        {
            "title": "The ferry stays",
            "standfirst": "For another winter.",
            "slug": slug,
            "kind": "article",
            "body": streamfield([("paragraph", rich_text(f"<p>{PARAGRAPHS[0]}</p>"))]),
            "bylines": inline_formset([]),
            "comments": inline_formset([]),
            **fields,
        }
    )


def test_a_reporter_writes_and_edits_their_own_drafts_and_nobody_elses() -> None:
    section, colleagues = a_section(), a_draft()
    reporter = at_the_admin(holder("reporter"))
    added = reporter.post(f"/admin/pages/add/newsroom/article/{section.pk}/", story("own", **{"action-publish": "1"}))
    assert added.status_code == 302
    own = Article.objects.get(slug="own")
    assert not own.live
    assert reporter.get(f"/admin/pages/{own.pk}/edit/").status_code == 200
    assert reporter.get(f"/admin/pages/{colleagues.pk}/edit/").status_code in REFUSED
    reporter.post(f"/admin/pages/{colleagues.pk}/edit/", story(colleagues.slug, title="Taken over"))
    assert Article.objects.get(pk=colleagues.pk).latest_revision is None


def test_a_reporter_submits() -> None:
    reporter = at_the_admin(holder("reporter"))
    reporter.post(f"/admin/pages/add/newsroom/article/{a_section().pk}/", story("sent", **{"action-submit": "1"}))
    assert Article.objects.get(slug="sent").current_workflow_task_state is not None


@pytest.mark.parametrize("path", ["users/", "settings/newsroom/publication/1/", "help-desk/", "reports/who-did-what/"])
def test_a_reporter_sees_no_settings_staff_readers_or_trail(path: str) -> None:
    answer = at_the_admin(holder("reporter")).get(f"/admin/{path}")
    assert answer.status_code in REFUSED
    assert at_the_admin(holder("publisher")).get(f"/admin/{path}").status_code == 200


def test_a_reporter_names_no_section() -> None:
    front = a_section().get_parent()
    address = f"/admin/pages/add/newsroom/section/{front.pk}/"
    assert at_the_admin(holder("reporter")).get(address).status_code in REFUSED
    assert at_the_admin(holder("editor")).get(address).status_code == 200


def test_an_editor_publishes_and_takes_down_everybodys_stories_and_changes_no_settings() -> None:
    article, draft = an_article(), a_draft()
    editor = at_the_admin(holder("editor"))
    assert editor.get(f"/admin/pages/{draft.pk}/edit/").status_code == 200
    assert editor.get(f"/admin/pages/{article.pk}/unpublish/").status_code == 200
    for path in (
        "users/",
        "settings/newsroom/publication/1/",
        "settings/meter/metersettings/",
        "reports/who-did-what/",
    ):
        assert editor.get(f"/admin/{path}").status_code in REFUSED
    assert editor.get("/admin/help-desk/").status_code == 200


def test_a_publisher_changes_settings_meter_and_staff_and_publishes_nothing() -> None:
    article = an_article()
    publisher = at_the_admin(holder("publisher"))
    assert publisher.get(f"/admin/settings/newsroom/publication/{Publication.ours().pk}/").status_code == 200
    assert publisher.get("/admin/settings/meter/metersettings/", follow=True).status_code == 200
    assert publisher.get("/admin/users/").status_code == 200
    assert publisher.get(f"/admin/pages/{article.pk}/edit/").status_code in REFUSED
    assert publisher.get(f"/admin/pages/{article.pk}/unpublish/").status_code in REFUSED
    assert publisher.get("/admin/groups/").status_code in REFUSED


def test_a_publisher_gives_a_role_in_words_and_it_is_written_down() -> None:
    colleague, publisher = holder("reporter"), holder("publisher")
    desk = at_the_admin(publisher)
    edit = f"/admin/users/edit/{colleague.pk}/"
    assert "Editor: edits and publishes everything" in desk.get(edit).content.decode()
    editors = Group.objects.get(name="Editors")
    answer = desk.post(edit, {"email": colleague.email, "name": "", "is_active": "on", "groups": [editors.pk]})
    assert answer.status_code == 302
    assert [group.name for group in colleague.groups.all()] == ["Editors"]
    assert {entry.user_id for entry in trail("staff.roles_changed")[-2:]} == {publisher.pk}
    assert trail("staff.roles_changed")[-1].data["after"] == ["editor"]


def test_a_publisher_makes_no_administrator_and_touches_none() -> None:
    administrator, publisher = holder("administrator"), holder("publisher")
    colleague = holder("reporter")
    desk = at_the_admin(publisher)
    edit = f"/admin/users/edit/{colleague.pk}/"
    desk.post(edit, {"email": colleague.email, "name": "", "is_active": "on", "is_superuser": "on"})
    colleague.refresh_from_db()
    assert not colleague.is_superuser
    assert desk.get(f"/admin/users/edit/{administrator.pk}/").status_code in REFUSED
    assert desk.get(f"/admin/users/delete/{administrator.pk}/").status_code in REFUSED
    other = Group.objects.create(name="Everything")
    desk.post(edit, {"email": colleague.email, "name": "", "is_active": "on", "groups": [other.pk]})
    assert not colleague.groups.filter(name="Everything").exists()


@pytest.mark.parametrize("role", ["reporter", "administrator"])
def test_whose_role_is_taken_away_is_a_reader_again(role: str) -> None:
    former = holder(role)
    assert is_staff(former)
    at_the_admin(holder("administrator")).post(
        f"/admin/users/edit/{former.pk}/", {"email": former.email, "name": "", "is_active": "on"}
    )
    assert not is_staff(User.objects.get(pk=former.pk))


def test_groups_a_publisher_cannot_give_are_not_taken_away_by_one() -> None:
    colleague = holder("reporter")
    colleague.groups.add(Group.objects.create(name="Crossword"))
    at_the_admin(holder("publisher")).post(
        f"/admin/users/edit/{colleague.pk}/", {"email": colleague.email, "name": "", "is_active": "on"}
    )
    assert [group.name for group in colleague.groups.all()] == ["Crossword"]


def test_bulk_actions_on_accounts_are_for_administrators() -> None:
    colleague, group = holder("reporter"), Group.objects.get(name="Publishers")
    for role, changed in (("publisher", False), ("administrator", True)):
        at_the_admin(holder(role)).post(f"/admin/bulk/readers/user/assign_role/?id={colleague.pk}", {"role": group.pk})
        assert colleague.groups.filter(pk=group.pk).exists() is changed


def test_changing_an_account_asks_again_who_asks() -> None:
    colleague = holder("reporter")
    answer = at_the_admin(holder("administrator"), proved=False).get(f"/admin/users/edit/{colleague.pk}/")
    assert answer["Location"].startswith("/account/confirm/?next=%2Fadmin%2Fusers")


def test_the_list_of_users_is_who_works_here_and_a_reader_by_their_whole_address() -> None:
    reader, reporter = User.objects.create_user(new_address()), holder("reporter")
    desk = at_the_admin(holder("publisher"))
    html = desk.get("/admin/users/").content.decode()
    assert reporter.email in html
    assert reader.email not in html
    assert reader.email in desk.get("/admin/users/", {"q": reader.email}).content.decode()
    assert reader.email not in desk.get("/admin/users/", {"q": reader.email[:-3]}).content.decode()
