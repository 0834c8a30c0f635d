"""Wagtail's own doors to a live page, each led through the act that answers for it, or shut.

`Article.save` refuses what no act answers for, so a door forgotten here is shut, not open. `tests/newsroom/test_doors.py`
counts Wagtail's doors and fails for one that nobody has thought about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from wagtail.actions.publish_page_revision import PublishPageRevisionAction
from wagtail.actions.unpublish_page import UnpublishPageAction
from wagtail.admin import messages
from wagtail.admin.forms.pages import CopyForm
from wagtail.admin.utils import get_valid_next_url_from_request
from wagtail.admin.views.page_privacy import SetPrivacyView
from wagtail.admin.views.pages.bulk_actions.delete import DeleteBulkAction
from wagtail.admin.views.pages.bulk_actions.move import MoveBulkAction
from wagtail.admin.views.pages.bulk_actions.publish import PublishBulkAction
from wagtail.admin.views.pages.bulk_actions.unpublish import UnpublishBulkAction
from wagtail.admin.views.pages.convert_alias import ConvertAliasView
from wagtail.admin.views.pages.copy import CopyView
from wagtail.admin.views.pages.create import CreateView
from wagtail.admin.views.pages.delete import DeleteView
from wagtail.admin.views.pages.edit import EditView
from wagtail.admin.views.pages.listing import ExplorableIndexView
from wagtail.admin.views.pages.move import MoveConfirmView
from wagtail.admin.views.pages.unpublish import UnpublishView
from wagtail.admin.views.pages.workflow import CollectWorkflowActionDataView, WorkflowActionView
from wagtail.admin.viewsets.pages import PageViewSet
from wagtail.models import Page

from broadsheet.newsroom import guard
from broadsheet.newsroom.acts.publish import CannotPublish
from broadsheet.newsroom.models import ActName, Article, FrontPage, PlainPage, Section

REFUSALS = (CannotPublish, guard.UnrecordedChange)


class _Refused:
    """For a view that changes a page by one POST: what is refused is undone as a whole, and said where one comes back to."""

    act: ActName
    request: HttpRequest

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic(), guard.acting(self.act, self.editor, self.note):
                return super().post(request, *args, **kwargs)  # type: ignore[misc]
        except REFUSALS as refusal:
            messages.error(request, str(refusal))
            return redirect("wagtailadmin_pages:edit", self.page_id)

    @property
    def editor(self) -> AbstractBaseUser | None:
        return self.request.user if isinstance(self.request.user, AbstractBaseUser) else None

    @property
    def note(self) -> str:
        return ""

    @property
    def page_id(self) -> int:
        given = self.kwargs  # type: ignore[attr-defined]
        return given.get("page_id") or given["page_to_move_id"]


class SayRefusals:
    """In the admin, what the record or a foreign key refuses is a message where one came from, not an error page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if request.method != "POST" or not request.path.startswith("/admin/"):
            return None
        if isinstance(exception, ProtectedError | RestrictedError):
            users = ", ".join(sorted(map(str, _holders(exception)))[:5])
            said = _("It is in use and cannot be deleted: %(users)s") % {"users": users}
        elif isinstance(exception, REFUSALS):
            said = str(exception)
        else:
            return None
        messages.error(request, said)
        return redirect(get_valid_next_url_from_request(request) or request.path)


def _holders(exception: ProtectedError | RestrictedError) -> Iterable[Any]:
    return exception.protected_objects if isinstance(exception, ProtectedError) else exception.restricted_objects


# ── the editor


class ArticleCreateView(CreateView):
    def publish_action(self) -> HttpResponse:
        self.form.instance.live = False  # Wagtail would put it into the tree live, and publish it a moment later
        try:
            with transaction.atomic(), guard.acting(ActName.PUBLISH, self.request.user):
                return super().publish_action()
        except REFUSALS as refusal:
            # Nothing was written: the page is new again, and so is what the form is about.
            self.page.pk = self.page.id = None
            self.page.path, self.page.depth = "", None
            return _said_in_form(self, refusal)


class ArticleEditView(EditView):
    def publish_action(self) -> HttpResponse:
        try:
            with transaction.atomic(), guard.acting(ActName.PUBLISH, self.request.user):
                return super().publish_action()
        except REFUSALS as refusal:
            return _said_in_form(self, refusal)

    def perform_workflow_action(self) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().perform_workflow_action()
        except REFUSALS as refusal:
            return _said_in_form(self, refusal)


def _said_in_form(view: Any, refusal: Exception) -> HttpResponse:
    view.form.add_error(None, ValidationError(str(refusal)))
    return view.form_invalid(view.form)


# ── buttons


class UnpublishInActView(_Refused, UnpublishView):
    act = ActName.UNPUBLISH
    template_name = "newsroom/confirm_unpublish.html"

    @property
    def note(self) -> str:
        return self.request.POST.get("notice", "").strip()[:1000]


class DeleteInActView(_Refused, DeleteView):
    act = ActName.UNPUBLISH


class MoveInActView(_Refused, MoveConfirmView):
    act = ActName.MOVE


class CopyAsDraftForm(CopyForm):
    """A copy is a draft; an alias would be one story at two addresses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("publish_copies", None)
        self.fields.pop("alias", None)


class CopyAsDraftView(CopyView):
    def get_form_class(self) -> type[CopyForm]:
        return CopyAsDraftForm


class WorkflowInActView(_Refused, WorkflowActionView):
    act = ActName.PUBLISH


class WorkflowDataInActView(_Refused, CollectWorkflowActionDataView):
    act = ActName.PUBLISH


class ShutPrivacyView(SetPrivacyView):
    """Stored pages are for everyone: what is not for everyone is a draft, or for members only."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise PermissionDenied("Pages cannot be made private. Leave the story a draft, or mark it “members only”.")


class ShutAliasView(ConvertAliasView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise PermissionDenied("There are no aliases here.")


class ShortListing(ExplorableIndexView):
    """Half as many rows as Wagtail's: with its menus, one takes a hundredth of a second to draw."""

    paginate_by = 25


class _PageDoors(PageViewSet):
    index_view_class = ShortListing
    unpublish_view_class = UnpublishInActView
    delete_view_class = DeleteInActView
    move_confirm_view_class = MoveInActView
    copy_view_class = CopyAsDraftView
    workflow_action_view_class = WorkflowInActView
    collect_workflow_action_data_view_class = WorkflowDataInActView
    set_privacy_view_class = ShutPrivacyView
    convert_alias_view_class = ShutAliasView


class ArticleDoors(_PageDoors):
    model = Article
    add_view_class = ArticleCreateView
    edit_view_class = ArticleEditView


class SectionDoors(_PageDoors):
    model = Section


class PlainPageDoors(_PageDoors):
    model = PlainPage
    add_view_class = ArticleCreateView
    edit_view_class = ArticleEditView


class FrontPageDoors(_PageDoors):
    model = FrontPage


# ── bulk actions: they are given plain pages, and would act on those


class _BulkRefused:
    act: ActName

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            with guard.acting(self.act, self.request.user):  # type: ignore[attr-defined]
                return super().form_valid(form)  # type: ignore[misc]
        except REFUSALS as refusal:
            messages.error(self.request, str(refusal))  # type: ignore[attr-defined]
            return redirect(self.next_url)  # type: ignore[attr-defined]

    @classmethod
    def execute_action(cls, objects: Iterable[Page], **kwargs: Any) -> tuple[int, int]:
        return super().execute_action([page.specific for page in objects], **kwargs)  # type: ignore[misc]


class PublishInActBulkAction(_BulkRefused, PublishBulkAction):
    act = ActName.PUBLISH


class UnpublishInActBulkAction(_BulkRefused, UnpublishBulkAction):
    act = ActName.UNPUBLISH


class DeleteInActBulkAction(_BulkRefused, DeleteBulkAction):
    act = ActName.UNPUBLISH


class MoveInActBulkAction(_BulkRefused, MoveBulkAction):
    act = ActName.MOVE


# ── Wagtail's actions, as its API calls them


class PublishInAct(PublishPageRevisionAction):
    action_name = "publish"

    def execute(self, skip_permission_checks: bool = False) -> Any:
        with transaction.atomic(), guard.acting(ActName.PUBLISH, self.user):
            return super().execute(skip_permission_checks)


class UnpublishInAct(UnpublishPageAction):
    action_name = "unpublish"

    def execute(self, skip_permission_checks: bool = False) -> Any:
        with transaction.atomic(), guard.acting(ActName.UNPUBLISH, self.user):
            return super().execute(skip_permission_checks)
