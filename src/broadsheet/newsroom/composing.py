"""The page of the admin on which the front page is composed. Every step is a plain form post; drag and drop posts the same.

What is changed here is a draft that the whole newsroom shares, until somebody puts it in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from broadsheet import clock
from broadsheet.gate.pages import VerdictClass
from broadsheet.newsroom import views
from broadsheet.newsroom.acts.break_news import break_news, end_breaking
from broadsheet.newsroom.acts.compose import (
    MAY,
    CannotCompose,
    call_off,
    differences,
    discard,
    name_of,
    put_back,
    put_in_place,
    work_on,
)
from broadsheet.newsroom.front import Filled, compose, fill
from broadsheet.newsroom.models import Article, Breaking, Composition, FrontDraft, Publication, Section
from broadsheet.newsroom.models.compositions import LEAD, OPINION, SECONDARY, Place, Plan, places_in, row_of

FOUND = 25  # stories offered to choose from
HISTORY, WHOLE_HISTORY = 10, 500
WIDTHS = (390, 1280)


@dataclass(frozen=True)
class Shown:
    """A place as the page shows it."""

    place: Place
    name: str
    pk: int | None  # of the story readers see there
    headline: str
    is_chosen: bool
    trouble: str  # why what was chosen does not stand here
    up: Place | None
    down: Place | None

    @property
    def anchor(self) -> str:
        return f"place-{self.place.group.replace(':', '-')}-{self.place.number}"


@dataclass(frozen=True)
class Group:
    name: str
    places: Sequence[Shown]
    is_row: bool

    @property
    def chosen(self) -> int:
        return sum(shown.is_chosen or bool(shown.trouble) for shown in self.places)


class Schedule(forms.Form):
    from_at = forms.DateTimeField(
        label=gettext_lazy("From"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={
            "required": gettext_lazy("Say from when on the front page is to stand."),
            "invalid": gettext_lazy("Give a day and a time."),
        },
    )


class Break(forms.Form):
    article = forms.ModelChoiceField(Article.objects.none(), widget=forms.HiddenInput)
    starts_at = forms.DateTimeField(
        label=gettext_lazy("From"),
        required=False,
        help_text=gettext_lazy("Empty: from now on."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    hours = forms.TypedChoiceField(
        label=gettext_lazy("For"),
        coerce=int,
        initial="3",
        choices=[
            ("1", gettext_lazy("one hour")),
            ("3", gettext_lazy("three hours")),
            ("6", gettext_lazy("six hours")),
            ("12", gettext_lazy("twelve hours")),
            ("24", gettext_lazy("a day")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["article"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = Article.objects.published()

    @property
    def story(self) -> Article | None:
        """The one the form is about, before and after it is sent."""
        if self.is_bound and hasattr(self, "cleaned_data"):
            return self.cleaned_data.get("article")
        return self.initial.get("article")


class ComposeFront(WagtailAdminTemplateMixin, TemplateView):
    template_name = "newsroom/front/compose.html"
    page_title = gettext_lazy("Front page")
    header_icon = "home"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        demand_composing(request)
        # “06:00 tomorrow” is said by the clock of the publication, wherever the editor is.
        with timezone.override(Publication.ours().time_zone):
            response = super().dispatch(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.page_title}]

    # ── what is shown

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = clock.now()
        menu = list(Section.objects.in_order())
        in_force = Composition.objects.in_force(now)
        draft = FrontDraft.objects.select_related("touched_by", "replaces").first()
        plan = draft.plan if draft else _plan_of(in_force)
        length = WHOLE_HISTORY if "all" in self.request.GET else HISTORY
        past = list(Composition.objects.past(now).select_related("made_by")[: length + 1])
        place, query = self.chosen_place, self.query
        breaking_form = kwargs.pop("breaking_form", None) or self._breaking_form()
        return super().get_context_data(
            groups=list(_groups(menu, plan, now)),
            draft=draft,
            is_changed=draft is not None and draft.plan != _plan_of(in_force),
            unpublished_changes=list(differences(_plan_of(in_force), plan)) if draft else [],
            in_force=in_force,
            previous=past[1] if len(past) > 1 else None,
            planned=list(Composition.objects.planned(now).select_related("made_by")),
            past=past[:length],
            has_more=len(past) > length,
            breaking=list(Breaking.objects.filter(ends_at__gt=now).select_related("article").order_by("starts_at")),
            breaking_form=breaking_form,
            breaking_story=breaking_form.story if breaking_form else None,
            schedule=kwargs.pop("schedule", None) or Schedule(initial={"from_at": _tomorrow(draft, now)}),
            place=place,
            place_name=name_of(place, {section.pk: section.name for section in menu}) if place else "",
            places=_all_places(menu),
            query=query,
            found=_found(query, place),
            widths=WIDTHS,
            zone=Publication.ours().zone,
            now=now,
            **kwargs,
        )

    @property
    def query(self) -> str:
        return self.request.GET.get("q", "").strip()[:200]

    @property
    def chosen_place(self) -> Place | None:
        """The place a story is being looked for."""
        try:
            return Place.parse(self.request.GET.get("place", ""))
        except ValueError:
            return None

    def _breaking_form(self) -> Break | None:
        digits = self.request.GET.get("breaking", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 18):
            return None
        article = Article.objects.published().filter(pk=digits).first()
        return Break(initial={"article": article}) if article else None

    # ── what is done

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        verb, _colon, rest = request.POST.get("do", "").partition(":")
        step = _STEPS.get(verb)
        if step is not None:
            return self._stepped(lambda plan: step(self, plan, rest))
        act = _ACTS.get(verb)
        if act is None:
            raise Http404(f"{verb!r} is nothing one can do to the front page.")
        try:
            return act(self, rest)
        except CannotCompose as refused:
            messages.error(request, " ".join(refused.messages))
            return self.back()

    def _stepped(self, step: Callable[[Plan], tuple[Plan, Place | None]]) -> HttpResponse:
        draft = FrontDraft.objects.first()
        plan = draft.plan if draft else _plan_of(Composition.objects.in_force(clock.now()))
        try:
            changed, place = step(plan)
        except ValueError as wrong:
            raise Http404(str(wrong)) from wrong
        if changed != plan:
            work_on(changed, by=self.editor)
        return self.back(place)

    def step_up_or_down(self, plan: Plan, rest: str) -> tuple[Plan, Place | None]:
        place, other = (Place.parse(part) for part in rest.split(" ", 1))
        return plan.swapped(place, other), other

    def step_automatic(self, plan: Plan, rest: str) -> tuple[Plan, Place | None]:
        place = Place.parse(rest)
        return plan.automatic(place), place

    def step_put(self, plan: Plan, rest: str) -> tuple[Plan, Place | None]:
        """`rest`: the story, and the place unless it was chosen from a list beside the button."""
        digits, _space, written = rest.partition(" ")
        place = Place.parse(written or self.request.POST.get("place", ""))
        article = Article.objects.published().filter(pk=int(digits)).first()
        if article is None:
            messages.error(self.request, _("That story is not published any more."))
            return plan, place
        if place.section_id not in (None, article.section_id):
            messages.error(
                self.request,
                _("“%(headline)s” stands in another section: a section's row takes its own stories.")
                % {"headline": article.headline},
            )
            return plan, place
        return plan.with_article(place, article.pk), place

    def put_in_place(self, rest: str) -> HttpResponse:
        draft = FrontDraft.objects.first()
        if draft is None:
            messages.warning(self.request, _("Nothing was changed: readers see this front page already."))
            return self.back()
        put_in_place(draft.plan, by=self.editor)
        see = messages.button("/", _("See it"), new_window=True)
        messages.success(self.request, _("Readers see this front page now."), [see])
        return self.back()

    def plan_it(self, rest: str) -> HttpResponse:
        schedule = Schedule(self.request.POST)
        if not schedule.is_valid():
            return self.render_to_response(self.get_context_data(schedule=schedule))
        draft = FrontDraft.objects.first()
        plan = draft.plan if draft else _plan_of(Composition.objects.in_force(clock.now()))
        try:
            put_in_place(plan, by=self.editor, from_at=schedule.cleaned_data["from_at"])
        except CannotCompose as refused:
            schedule.add_error("from_at", refused)
            return self.render_to_response(self.get_context_data(schedule=schedule))
        messages.success(self.request, _("Planned. It takes its place by itself at that minute."))
        return self.back()

    def put_back(self, rest: str) -> HttpResponse:
        put_back(self._composition(rest), by=self.editor)
        messages.success(self.request, _("The earlier front page is back. Readers see it now."))
        return self.back()

    def call_off(self, rest: str) -> HttpResponse:
        call_off(self._composition(rest), by=self.editor)
        messages.success(self.request, _("The planned front page was called off."))
        return self.back()

    def change_planned(self, rest: str) -> HttpResponse:
        planned = self._composition(rest)
        work_on(planned.plan, by=self.editor, replaces=planned)
        messages.success(self.request, _("You are working on the planned front page. Plan it anew when it is done."))
        return self.back()

    def discard(self, rest: str) -> HttpResponse:
        discard(by=self.editor)
        messages.success(self.request, _("Your changes are discarded. This is what readers see."))
        return self.back()

    def break_it(self, rest: str) -> HttpResponse:
        form = Break(self.request.POST)
        if form.is_valid():
            given = form.cleaned_data
            starts_at = given["starts_at"] or clock.now()
            try:
                ends_at = starts_at + timedelta(hours=given["hours"])
                break_news(given["article"], ends_at, by=self.editor, starts_at=starts_at)
            except CannotCompose as refused:
                form.add_error(None, refused)
            else:
                messages.success(self.request, _("The breaking bar is set."))
                return self.back()
        if "article" in form.errors:
            messages.error(self.request, _("That story is not published any more."))
            return self.back()
        return self.render_to_response(self.get_context_data(breaking_form=form))

    def end_breaking(self, rest: str) -> HttpResponse:
        end_breaking(get_object_or_404(Breaking, pk=_number(rest)), by=self.editor)
        messages.success(self.request, _("The breaking bar is gone."))
        return self.back()

    def _composition(self, rest: str) -> Composition:
        return get_object_or_404(Composition, pk=_number(rest))

    def back(self, place: Place | None = None) -> HttpResponse:
        """To the same page, and to where one was on it."""
        kept = {"q": self.query} if self.query else {}
        anchor = f"#place-{place.group.replace(':', '-')}-{place.number}" if place else ""
        return HttpResponseRedirect(f"{self.request.path}{'?' if kept else ''}{urlencode(kept)}{anchor}")

    @property
    def editor(self) -> AbstractBaseUser:
        assert isinstance(self.request.user, AbstractBaseUser)  # dispatch() lets nobody else in
        return self.request.user


_STEPS: dict[str, Callable[[ComposeFront, Plan, str], tuple[Plan, Place | None]]] = {
    "swap": ComposeFront.step_up_or_down,
    "automatic": ComposeFront.step_automatic,
    "put": ComposeFront.step_put,
}
_ACTS: dict[str, Callable[[ComposeFront, str], HttpResponse]] = {
    "publish": ComposeFront.put_in_place,
    "plan": ComposeFront.plan_it,
    "back": ComposeFront.put_back,
    "call-off": ComposeFront.call_off,
    "change": ComposeFront.change_planned,
    "discard": ComposeFront.discard,
    "break": ComposeFront.break_it,
    "end-breaking": ComposeFront.end_breaking,
}


@xframe_options_sameorigin
def preview(request: HttpRequest) -> HttpResponse:
    """What is being worked on, as readers would see it now; without a draft, what they do see."""
    demand_composing(request)
    draft = FrontDraft.objects.first()
    html = views.drawn_front(request, VerdictClass.OPEN_ANONYMOUS, compose(clock.now(), draft.plan if draft else None))
    return HttpResponse(html, headers={"Cache-Control": "no-store"})


def demand_composing(request: HttpRequest) -> None:
    if not request.user.has_perm(MAY):
        raise PermissionDenied


def _plan_of(composition: Composition | None) -> Plan:
    return composition.plan if composition else Plan()


def _tomorrow(draft: FrontDraft | None, now: datetime) -> datetime:
    """When most papers come out; of a planned front page that is changed, its own moment."""
    if draft is not None and draft.replaces is not None:
        return timezone.localtime(draft.replaces.from_at)
    return (timezone.localtime(now) + timedelta(days=1)).replace(hour=6, minute=0, second=0, microsecond=0)


def _number(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) < 18):
        raise Http404
    return int(digits)


# ── places, and what stands in them


def _groups(menu: Sequence[Section], plan: Plan, now: datetime) -> Iterator[Group]:
    filled = fill(now, menu, plan)
    ids = {*filled.places.values(), *plan.chosen.values()}
    headlines = dict(Article.objects.filter(pk__in=ids).values_list("pk", "title"))
    live = set(Article.objects.filter(pk__in=ids, live=True).values_list("pk", flat=True))
    names = {section.pk: section.name for section in menu}

    def shown(places: Sequence[Place]) -> list[Shown]:
        return [
            _shown(place, before, after, plan, filled, headlines, live, names)
            for before, place, after in zip([None, *places], places, [*places[1:], None], strict=False)
        ]

    top = shown([*_places(LEAD), *_places(SECONDARY)])  # one chain: the second story can be moved up to lead
    yield Group(_("Lead"), top[:1], is_row=False)
    yield Group(_("Second stories"), top[1:], is_row=False)
    yield Group(_("Opinion"), shown(_places(OPINION)), is_row=False)
    for section in menu:
        yield Group(section.name, shown(_places(row_of(section.pk))), is_row=True)


def _shown(
    place: Place,
    before: Place | None,
    after: Place | None,
    plan: Plan,
    filled: Filled,
    headlines: Mapping[int, str],
    live: set[int],
    names: Mapping[int, str],
) -> Shown:
    chosen, stands = plan.chosen.get(place), filled.places.get(place)
    is_chosen = chosen is not None and chosen == stands
    trouble = ""
    if chosen is not None and not is_chosen:
        headline = headlines.get(chosen, "")
        if chosen == filled.breaking:
            trouble = _("“%(headline)s” is in the breaking bar; it comes here when the bar ends.")
        elif not headline:
            trouble = _("The story chosen here was deleted.")
        elif chosen not in live:
            trouble = _("“%(headline)s” is not published any more.")
        else:
            trouble = _("“%(headline)s” cannot stand here: it has moved to another section.")
        trouble %= {"headline": headline}
    return Shown(
        place=place,
        name=name_of(place, names),
        pk=stands,
        headline=headlines.get(stands or 0, ""),
        is_chosen=is_chosen,
        trouble=trouble,
        up=before,
        down=after,
    )


def _places(group: str) -> list[Place]:
    return [Place(group, number) for number in range(places_in(group))]


def _all_places(menu: Sequence[Section]) -> list[tuple[Place, str]]:
    """For the list beside a story: where it can be put."""
    names = {section.pk: section.name for section in menu}
    groups = [LEAD, SECONDARY, OPINION, *(row_of(section.pk) for section in menu)]
    return [(place, name_of(place, names)) for group in groups for place in _places(group)]


def _found(query: str, place: Place | None) -> list[Article]:
    """Published stories whose headlines have all the words, the newest first."""
    stories = Article.objects.published()
    if place is not None and place.section_id is not None:
        stories = stories.filter(section_id=place.section_id)
    elif place is not None and place.group == OPINION and not query:
        stories = stories.filter(kind="opinion")
    for word in query.split()[:8]:
        stories = stories.filter(title__icontains=word)
    only = ("title", "url_path", "kind", "first_published_at", "section__title", "section__url_path")
    return list(stories.select_related("section").only(*only)[:FOUND])
