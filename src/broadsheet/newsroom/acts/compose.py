"""Compose: put a front page in place, now or from a moment on; call a planned one off; put an earlier one back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from broadsheet import clock
from broadsheet.newsroom import purge, tags
from broadsheet.newsroom.language import speaking
from broadsheet.newsroom.models.articles import Article
from broadsheet.newsroom.models.compositions import LEAD, OPINION, SECONDARY, Composition, FrontDraft, Place, Plan
from broadsheet.newsroom.models.front import FrontPage
from broadsheet.newsroom.models.sections import Section

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

MAY = "newsroom.change_composition"


class CannotCompose(ValidationError):
    """In a sentence, what stands against it."""


def put_in_place(plan: Plan, *, by: AbstractBaseUser | None, from_at: datetime | None = None) -> Composition:
    """Readers see `plan` from `from_at` on (None: at once). Raises CannotCompose, PermissionDenied.

    What was being worked on is done with; the planned front page it was to replace is called off.
    """
    demand_composer(by)
    now = clock.now()
    if from_at is not None and from_at <= now:
        raise CannotCompose(_("That moment has passed. Choose a later one, or put the front page in place now."))
    with transaction.atomic():
        draft = FrontDraft.objects.select_for_update().first()
        if draft is not None and draft.replaces is not None and draft.replaces.from_at > now:
            _call_off(draft.replaces, now)
        before = _standing_before(from_at or now)
        with speaking():  # the history is kept, and read by the whole newsroom
            changes = list(differences(before.plan if before else Plan(), plan))
        composition = Composition.objects.create(
            kept_plan=plan.to_json(),
            from_at=from_at or now,
            made_at=now,
            made_by_id=by.pk if by else None,
            changes=changes,
        )
        FrontDraft.objects.all().delete()
        _log(by, "newsroom.front.plan" if from_at else "newsroom.front.compose", composition)
        purge.purge([tags.FRONT])
    return composition


def put_back(composition: Composition, *, by: AbstractBaseUser | None) -> Composition:
    """An earlier front page once more. It is a new one: the history says that somebody went back."""
    return put_in_place(composition.plan, by=by)


def call_off(composition: Composition, *, by: AbstractBaseUser | None) -> None:
    """A planned front page will not be. Raises CannotCompose if it has been shown already."""
    demand_composer(by)
    now = clock.now()
    with transaction.atomic():
        planned = Composition.objects.select_for_update().get(pk=composition.pk)
        if planned.withdrawn_at is not None:
            return
        if planned.from_at <= now:
            raise CannotCompose(_("It is in force already. Put another front page in place instead."))
        _call_off(planned, now)
        _log(by, "newsroom.front.call_off", planned)
        purge.purge([tags.FRONT])  # stored pages say until when they are good


def work_on(plan: Plan, *, by: AbstractBaseUser | None, replaces: Composition | None = None) -> None:
    """Keep what is being worked on; nobody but the newsroom sees it."""
    demand_composer(by)
    with transaction.atomic():
        draft = FrontDraft.objects.select_for_update().first() or FrontDraft()
        draft.kept_plan, draft.touched_at = plan.to_json(), clock.now()
        draft.touched_by_id = by.pk if by else None
        draft.replaces = replaces or draft.replaces
        draft.save()


def discard(*, by: AbstractBaseUser | None) -> None:
    demand_composer(by)
    FrontDraft.objects.all().delete()


def demand_composer(by: AbstractBaseUser | None) -> None:
    """`by` None: the program itself."""
    if by is not None and not by.has_perm(MAY):  # type: ignore[attr-defined]
        raise PermissionDenied(f"{by} may not compose the front page.")


def _call_off(planned: Composition, now: datetime) -> None:
    planned.withdrawn_at = now
    planned.save(update_fields=["withdrawn_at"])


def _standing_before(moment: datetime) -> Composition | None:
    return Composition.objects.past(moment).first()


def _log(by: AbstractBaseUser | None, action: str, composition: Composition) -> None:
    """In the audit trail, beside everything else somebody did."""
    data = {"from": composition.from_at.isoformat(), "changes": composition.changes}
    log(FrontPage.objects.first(), action, user=by, data=data)


# ── what is other than before, in words


def differences(before: Plan, after: Plan) -> Iterator[str]:
    """A sentence for each place that is filled otherwise."""
    ids = {*before.chosen.values(), *after.chosen.values()}
    headlines = dict(Article.objects.filter(pk__in=ids).values_list("pk", "title"))
    sections = dict(Section.objects.values_list("pk", "title"))
    for place in sorted({*before.chosen, *after.chosen}):
        was, now = before.chosen.get(place), after.chosen.get(place)
        if was == now:
            continue
        names = {
            "place": name_of(place, sections),
            "was": headlines.get(was or 0, _("a story that is gone")),
            "now": headlines.get(now or 0, _("a story that is gone")),
        }
        if was is None:
            yield _("%(place)s: “%(now)s”, chosen.") % names
        elif now is None:
            yield _("%(place)s: automatic, no longer “%(was)s”.") % names
        else:
            yield _("%(place)s: “%(now)s” instead of “%(was)s”.") % names


def name_of(place: Place, sections: Mapping[int, str]) -> str:
    """A place in an editor's words: “Lead”, “Second story 2”, “Europe 1”."""
    number = place.number + 1
    if place.group == LEAD:
        return _("Lead")
    if place.group == SECONDARY:
        return _("Second story %(number)d") % {"number": number}
    if place.group == OPINION:
        return _("Opinion %(number)d") % {"number": number}
    name = sections.get(place.section_id or 0, _("A section that is gone"))
    return f"{name} {number}"
