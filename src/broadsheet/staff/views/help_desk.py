"""The help desk in the admin: find a reader, answer why, and put it right. Each act asks for a reason and is recorded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import FormView, TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from broadsheet.readers import privacy
from broadsheet.readers.acts.sign_in import has_proved_lately
from broadsheet.readers.models import User
from broadsheet.readers.views.page import see
from broadsheet.staff.acts.erase_reader import erase_reader
from broadsheet.staff.acts.merge_readers import merge_readers
from broadsheet.staff.acts.open_article import OpenAlready, open_article
from broadsheet.staff.acts.reset_count import reset_count
from broadsheet.staff.acts.sign_reader_out import sign_reader_out
from broadsheet.staff.desk import (
    MOST_FOUND,
    SHORTEST_PART,
    Unclear,
    article_meant,
    explain,
    find_readers,
    number_in,
    reader_numbered,
    standing_of,
)
from broadsheet.staff.trail import reader_label, record
from broadsheet.staff.views.colleague import ReasonForm


def may_help(user: Any) -> bool:
    return bool(user.has_perm("staff.help_readers"))


class _Desk(WagtailAdminTemplateMixin):
    request: HttpRequest
    header_icon = "help"
    is_grave = False  # needs proof again that it is they who ask

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_help(request.user):
            raise PermissionDenied
        if self.is_grave and not has_proved_lately(request):
            return see("/account/confirm/", next=request.path)
        return super().dispatch(request, *args, **kwargs)

    @property
    def by(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user


class Search(_Desk, TemplateView):
    template_name = "staff/admin/search.html"
    page_title = gettext_lazy("Help desk")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET.get("q", "").strip()[:254]
        found = find_readers(asked)
        shown = {
            "asked": asked,
            "found": found,
            "may_be_more": len(found) == MOST_FOUND,
            "is_short": bool(asked) and number_in(asked) is None and len(asked) < SHORTEST_PART,
        }
        return super().get_context_data(**shown, **kwargs)


class _OfReader(_Desk):
    kwargs: dict[str, Any]

    @cached_property
    def reader(self) -> User:
        """Looked up by whoever may help, not before."""
        reader = reader_numbered(self.kwargs["pk"])
        if reader is None:
            raise Http404
        return reader

    @property
    def reader_url(self) -> str:
        return reverse("help_desk_reader", args=[self.reader.pk])

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        desk = {"url": reverse("help_desk"), "label": Search.page_title}
        own = {"url": "", "label": self.page_title}
        reader = {"url": self.reader_url, "label": reader_label(self.reader.pk)}
        return [*self.breadcrumbs_items, desk, *([] if isinstance(self, ReaderPage) else [reader]), own]


class ArticleForm(forms.Form):
    article = forms.CharField(
        label=gettext_lazy("Article"),
        max_length=500,
        help_text=gettext_lazy("Its address, or words of its headline."),
    )

    def clean_article(self) -> Any:
        try:
            return article_meant(self.cleaned_data["article"])
        except Unclear as fault:
            raise forms.ValidationError(str(fault)) from fault


class ReaderPage(_OfReader, FormView):
    form_class = ArticleForm
    template_name = "staff/admin/reader.html"
    page_title = gettext_lazy("Reader")

    def form_valid(self, form: ArticleForm) -> HttpResponse:
        article = form.cleaned_data["article"]
        record("reader.asked_why", self.reader, by=self.by)
        return self.render_to_response(
            self.get_context_data(form=form, article=article, explained=explain(self.reader, article))
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(reader=self.reader, standing=standing_of(self.reader), **kwargs)


class _Act(_OfReader, FormView):
    """A page that says what will happen, asks for a reason, does it, and says what happened."""

    form_class: type[forms.Form] = ReasonForm
    template_name = "staff/admin/act.html"
    button: Any = ""

    def says(self) -> list[str]:
        return []

    def done(self, said: str) -> HttpResponse:
        messages.success(self.request, said)
        return redirect(self.reader_url)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = {
            "subject": f"{reader_label(self.reader.pk)}: {self.reader.email}",
            "says": self.says(),
            "button": self.button,
            "is_grave": self.is_grave,
            "back": self.reader_url,
        }
        return super().get_context_data(**{**shown, **kwargs})


class OpenForm(ArticleForm, ReasonForm):
    pass


class OpenArticle(_Act):
    form_class = OpenForm
    page_title = gettext_lazy("Open an article")
    button = gettext_lazy("Open it for them")

    def get_initial(self) -> dict[str, Any]:
        return {"article": self.request.GET.get("article", "")[:500]}

    def says(self) -> list[str]:
        return [
            _("They may read it at once, signed in on any browser, until their present window closes."),
            _("Their count will say one more than they are given; nothing they opened before closes."),
        ]

    def form_valid(self, form: OpenForm) -> HttpResponse:
        article = form.cleaned_data["article"]
        try:
            open_article(self.reader, article, by=self.by, reason=form.cleaned_data["reason"])
        except OpenAlready as refused:
            form.add_error("article", _("They may read it already. %(why)s") % {"why": refused})
            return self.form_invalid(form)
        return self.done(_("“%(headline)s” is open for them now.") % {"headline": article.headline})


class ResetCount(_Act):
    page_title = gettext_lazy("Reset the count")
    button = gettext_lazy("Reset it")

    def says(self) -> list[str]:
        return [
            standing_of(self.reader).in_words,
            _("The count begins anew, and articles they had opened count again when they open them again."),
            _("What a browser counted before they signed in on it is added again the next time they sign in there."),
            _("This cannot be undone."),
        ]

    def form_valid(self, form: ReasonForm) -> HttpResponse:
        reset_count(self.reader, by=self.by, reason=form.cleaned_data["reason"])
        return self.done(_("The count begins anew."))


class EndSessions(_Act):
    page_title = gettext_lazy("Sign them out everywhere")
    button = gettext_lazy("Sign them out")

    def says(self) -> list[str]:
        number = standing_of(self.reader).sessions
        return [
            ngettext("They are signed in on %d browser.", "They are signed in on %d browsers.", number) % number,
            _("They sign in again with a code, as always."),
        ]

    def form_valid(self, form: ReasonForm) -> HttpResponse:
        sign_reader_out(self.reader, by=self.by, reason=form.cleaned_data["reason"])
        return self.done(_("They are signed out everywhere."))


class _GraveForm(ReasonForm):
    """It compares what is typed with the reader it is about."""

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reader = reader


class _GraveAct(_Act):
    is_grave = True

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "reader": self.reader}


class MergeForm(_GraveForm):
    other = forms.CharField(
        label=gettext_lazy("The other account"),
        max_length=254,
        help_text=gettext_lazy("Its whole address, or its number. It is the one that goes."),
    )
    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("other", "reason", "confirmed")

    def clean_other(self) -> User:
        asked = self.cleaned_data["other"].strip().lower()
        found = [user for user in find_readers(asked) if asked in (user.email, str(user.pk), f"#{user.pk}")]
        if not found:
            raise forms.ValidationError(_("No reader has this address or number."))
        if found[0].pk == self._reader.pk:
            raise forms.ValidationError(_("That is this account itself."))
        return found[0]


class Merge(_GraveAct):
    form_class = MergeForm
    page_title = gettext_lazy("Merge two accounts")
    button = gettext_lazy("Show both")

    def says(self) -> list[str]:
        return [
            _("This account stays; the other is deleted, with its sessions."),
            _("Make sure that both belong to the one who asks: have them write from both addresses."),
        ]

    def form_valid(self, form: MergeForm) -> HttpResponse:
        other = form.cleaned_data["other"]
        if form.cleaned_data["confirmed"] != str(other.pk):
            return self._show_both(form, other)
        merge_readers(self.reader, other, by=self.by, reason=form.cleaned_data["reason"])
        return self.done(_("The accounts are one now. Both addresses were told by mail."))

    def _show_both(self, form: MergeForm, other: User) -> HttpResponse:
        again = MergeForm(
            initial={"other": str(other.pk), "reason": form.cleaned_data["reason"], "confirmed": str(other.pk)},
            reader=self.reader,
        )
        again.fields["other"].widget = forms.HiddenInput()
        shown = {
            "form": again,
            "table": {"columns": [_("Stays"), _("Goes")], "rows": _compared(self.reader, other)},
            "says": [
                _("Articles that counted for either count for the one that stays: each once, never a sum."),
                _("The address, password and sessions of the account that goes are deleted. This cannot be undone."),
            ],
            "button": _("Merge them"),
        }
        return self.render_to_response(self.get_context_data(**shown))


def _compared(stays: User, goes: User) -> list[tuple[str, list[str]]]:
    rows = [(user, standing_of(user)) for user in (stays, goes)]
    return [
        (_("Number"), [str(user.pk) for user, _s in rows]),
        (_("Address"), [user.email for user, _s in rows]),
        (_("Name"), [user.name or "–" for user, _s in rows]),
        (_("Registered"), [date_format(user.joined_at) for user, _s in rows]),
        (_("Last sign-in"), [date_format(user.last_login) if user.last_login else "–" for user, _s in rows]),
        (_("Counted"), [standing.in_words for _u, standing in rows]),
        (_("Signed in on"), [str(standing.sessions) for _u, standing in rows]),
    ]


class EraseForm(_GraveForm):
    address = forms.CharField(
        label=gettext_lazy("Their address"), max_length=254, help_text=gettext_lazy("Type it to say that you mean it.")
    )
    field_order = ("reason", "address")

    def clean_address(self) -> str:
        if self.cleaned_data["address"].strip().lower() != self._reader.email:
            raise forms.ValidationError(_("That is not the address of this account."))
        return self._reader.email


class Erase(_GraveAct):
    form_class = EraseForm
    page_title = gettext_lazy("Erase the account")
    button = gettext_lazy("Erase it")

    def says(self) -> list[str]:
        return [
            _(
                "Address, name, password, sessions and the articles that counted are deleted at once. This cannot be undone."
            ),
            _(
                "They are told by mail. Do it only when they ask from that address, or you are sure of them in another way."
            ),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = privacy.Kept(
            _("That the account with this number was erased: when, by whom, and your reason"),
            _("to show that it was done as the law asks"),
        )
        return super().get_context_data(kept=[*privacy.kept_after(self.reader), own], **kwargs)

    def form_valid(self, form: EraseForm) -> HttpResponse:
        number = self.reader.pk
        try:
            erase_reader(self.reader, by=self.by, reason=form.cleaned_data["reason"])
        except privacy.CannotErase as why:
            form.add_error(None, str(why))
            return self.form_invalid(form)
        messages.success(self.request, _("%(reader)s is erased.") % {"reader": reader_label(number)})
        return redirect("help_desk")
