"""The meter's pages in the admin: the preview of the ladder, and the public-interest switch of an article."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import FormView, TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.widgets import AdminDateTimeInput

from broadsheet import clock
from broadsheet.core.meter import Decision, ReaderClass
from broadsheet.gate.pages import VerdictClass
from broadsheet.meter.acts.open_to_everyone import NotOpened, close_again, open_to_everyone
from broadsheet.meter.force import notice_html
from broadsheet.meter.models import LADDERS, MeterSettings
from broadsheet.meter.rungs import Rung, decision_after, rungs
from broadsheet.meter.why import class_words, why
from broadsheet.newsroom import views as newsroom
from broadsheet.newsroom.language import speaking
from broadsheet.newsroom.models import Article, Publication

MOST_CHOICES = 40
END = "</body></html>"


@dataclass(frozen=True)
class Shown:
    """A rung, in words."""

    rung: Rung
    who: str
    articles: str
    sees: str
    why: str
    notice: str
    url: str  # of the page as such a reader sees it


class Choice(forms.Form):
    article = forms.TypedChoiceField(coerce=int)
    reader = forms.ChoiceField(choices=lambda: [(reader.value, capfirst(class_words(reader))) for reader in LADDERS])

    def __init__(self, articles: Sequence[Article], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["article"]
        assert isinstance(choices, forms.ChoiceField)
        choices.choices = [(article.pk, article.headline) for article in articles]


class Preview(WagtailAdminTemplateMixin, TemplateView):
    """Each rung of the ladder, as a reader sees it on a phone; and what the policy says to everybody else."""

    template_name = "meter/admin/preview.html"
    page_title = gettext_lazy("What readers see")
    header_icon = "mobile-alt"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        demand_meter(request)
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        meter = {"url": reverse("wagtailsettings:edit", args=["meter", "metersettings"]), "label": _("Meter")}
        return [*self.breadcrumbs_items, meter, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        articles = list(Article.objects.published().for_meter()[:MOST_CHOICES])
        chosen = Choice(articles, self.request.GET or None)
        reader, article = ReaderClass.ANONYMOUS, articles[0] if articles else None
        if chosen.is_valid():
            reader = ReaderClass(chosen.cleaned_data["reader"])
            article = next(one for one in articles if one.pk == chosen.cleaned_data["article"])
        shown = [one for each in ReaderClass for one in in_words(each, article)] if article else []
        return super().get_context_data(
            choice=chosen,
            article=article,
            who=class_words(reader),
            frames=[one for one in shown if one.rung.reader is reader],
            table=shown,
            is_on=MeterSettings.ours().on,
            **kwargs,
        )


def in_words(reader: ReaderClass, article: Article) -> list[Shown]:
    meter, name, now = MeterSettings.ours(), Publication.ours().name, clock.now()
    policy = meter.policy()
    found = []
    for rung in rungs(policy, article.for_meter(), reader, now):
        with speaking():
            notice = meter.notice(rung.decision.count, reader, name) if rung.decision.notice else None
        where = f"article={article.pk}&reader={reader.value}&read={rung.already_read}"
        found.append(
            Shown(
                rung,
                class_words(reader),
                _articles(rung),
                _sees(rung.decision),
                why(policy, reader, rung.decision),
                f"{notice.line} {notice.invitation}".strip() if notice else "",
                f"{reverse('meter_preview_page')}?{where}",
            )
        )
    return found


def _articles(rung: Rung) -> str:
    if rung.last is None:
        return _("Every article") if rung.first == 1 else _("From article %(first)d on") % {"first": rung.first}
    if rung.last == rung.first:
        return _("Article %(number)d") % {"number": rung.first}
    return _("Articles %(first)d to %(last)d") % {"first": rung.first, "last": rung.last}


def _sees(decision: Decision) -> str:
    if not decision.opens:
        return _("the wall")
    return _("the article and the notice") if decision.notice else _("the article")


@xframe_options_sameorigin
def preview_page(request: HttpRequest) -> HttpResponse:
    """The page that the gate would send: drawn by the newsroom, with the notice that is appended to it."""
    demand_meter(request)
    asked = _Asked(request.GET)
    if not asked.is_valid():
        raise Http404
    article = get_object_or_404(Article.objects.published(), pk=asked.cleaned_data["article"])
    reader = ReaderClass(asked.cleaned_data["reader"])
    meter, name = MeterSettings.ours(), Publication.ours().name
    decision = decision_after(asked.cleaned_data["read"], meter.policy(), article.for_meter(), reader, clock.now())
    with speaking():  # to readers, and not as the editor chose for the desk
        html = _drawn(article, VerdictClass.of(reader, decision))
        if decision.notice:
            notice = notice_html(meter.notice(decision.count, reader, name))
            html = html.rstrip().removesuffix(END) + notice + END
    return HttpResponse(html, headers={"Cache-Control": "no-store"})


class _Asked(forms.Form):
    article = forms.IntegerField(min_value=1)
    reader = forms.ChoiceField(choices=[(reader.value, reader.value) for reader in ReaderClass])
    read = forms.IntegerField(min_value=0, max_value=1000)


def _drawn(article: Article, verdict: VerdictClass) -> str:
    """By the view that readers' pages come from, asked as the gate asks."""
    request = HttpRequest()
    request.method = "GET"
    request.path = request.path_info = article.url
    request.page_request = verdict.value  # type: ignore[attr-defined]
    assert article.section is not None  # it is published
    return newsroom.article(request, article.section.slug, article.slug).content.decode()


# ── the public-interest switch


class OpenForm(forms.Form):
    days = forms.TypedChoiceField(
        label=gettext_lazy("For"),
        choices=[
            ("1", gettext_lazy("one day")),
            ("3", gettext_lazy("three days")),
            ("7", gettext_lazy("a week")),
            ("14", gettext_lazy("two weeks")),
        ],
        coerce=int,
        empty_value=None,
        initial="1",
        required=False,
        widget=forms.RadioSelect,
    )
    until = forms.DateTimeField(
        label=gettext_lazy("Or until"),
        required=False,
        widget=AdminDateTimeInput,
        help_text=gettext_lazy("In your own time zone."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("days") is None and given.get("until") is None and not self.errors:
            raise ValidationError(_("Choose for how long, or until when."))
        return given


class OpenToEveryone(WagtailAdminTemplateMixin, FormView):
    """Open one article to everyone for a time, without editing the story."""

    form_class = OpenForm
    template_name = "meter/admin/open.html"
    page_title = gettext_lazy("Open to everyone")
    header_icon = "lock-open"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.article = get_object_or_404(Article, pk=kwargs["pk"], live=True)
        if not self.article.permissions_for_user(request.user).can_publish():
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        story = {"url": reverse("wagtailadmin_pages:edit", args=[self.article.pk]), "label": self.article.headline}
        return [*self.breadcrumbs_items, story, {"url": "", "label": self.page_title}]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "close" in request.POST:
            return self._done(lambda: close_again(self.article, by=self._editor), _("“%(headline)s” is metered again."))
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: OpenForm) -> HttpResponse:
        # One of the days is always chosen: whoever names a moment means the moment.
        until = form.cleaned_data["until"] or clock.now() + timedelta(days=form.cleaned_data["days"])
        return self._done(
            lambda: open_to_everyone(self.article, until, by=self._editor), _("“%(headline)s” is open to everyone now.")
        )

    def _done(self, act: Callable[[], object], said: str) -> HttpResponse:
        try:
            act()
        except NotOpened as refused:
            messages.error(self.request, str(refused))
            return redirect(self.request.path)
        except ValidationError as refused:  # what publishing refuses
            messages.error(self.request, " ".join(refused.messages))
            return redirect(self.request.path)
        messages.success(self.request, said % {"headline": self.article.headline})
        return redirect("wagtailadmin_pages:edit", self.article.pk)

    @property
    def _editor(self) -> AbstractBaseUser:
        assert isinstance(self.request.user, AbstractBaseUser)  # dispatch() lets nobody else in
        return self.request.user

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        open_until = self.article.free_until if self.article.is_freed_at(clock.now()) else None
        return super().get_context_data(article=self.article, open_until=open_until, **kwargs)


def demand_meter(request: HttpRequest) -> None:
    if not request.user.has_perm("meter.change_metersettings"):
        raise PermissionDenied
