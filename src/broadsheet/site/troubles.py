"""What the newsroom's first screen says when something is wrong: as `doctor` knows it, as far as it costs next to nothing.

Each check is a `doctor` check; those that ask a mail server or read the whole record stay with `broadsheet doctor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from wagtail.models import Page, Revision

from broadsheet import clock
from broadsheet.config import Config
from broadsheet.giving.desk.events import given_up
from broadsheet.newsroom.acts.publish import check
from broadsheet.newsroom.models import Article
from broadsheet.site.doctor import (
    MOST_NAMED,
    Check,
    Finding,
    disk,
    examine,
    policy,
    pretended_payments,
    reconciled,
    unfinished_mails,
    worker,
)
from broadsheet.site.mail_marks import last_failure

SCHEDULE_OVERDUE = timedelta(minutes=2)  # the worker comes round every ten seconds
LATELY = timedelta(days=1)


def troubles(config: Config) -> list[Finding]:
    return examine(config, CHECKS)


def schedule(config: Config) -> Iterator[Finding]:
    """Stories whose hour has passed: the worker is down, or the story is refused."""
    late = clock.now() - SCHEDULE_OVERDUE
    due = Revision.objects.filter(approved_go_live_at__lt=late).order_by("approved_go_live_at")
    for revision in due[:MOST_NAMED]:
        thing = revision.as_object()
        why = _why_not(thing, revision.user_id)
        yield Finding(
            _("“%(title)s” was to be published at %(time)s UTC and is not.")
            % {"title": thing, "time": f"{revision.approved_go_live_at:%Y-%m-%d %H:%M}"},
            why or _("The worker publishes what is scheduled: see whether it runs."),
        )
    for page in Page.objects.filter(live=True, expire_at__lt=late).order_by("expire_at")[:MOST_NAMED]:
        yield Finding(
            _("“%(title)s” was to be taken down at %(time)s UTC and is not.")
            % {"title": page, "time": f"{page.expire_at:%Y-%m-%d %H:%M}"},
            _("Take it down by hand, and see whether the worker runs."),
        )


def _why_not(thing: object, saved_by: int | None) -> str:
    if not isinstance(thing, Article):
        return ""
    try:
        check(thing, saved_by=saved_by)
    except ValidationError as refused:
        return _("It is refused: %(why)s Open the story, mend it and publish it, or give it another time.") % {
            "why": refused
        }
    return ""


def outbox(config: Config) -> Iterator[Finding]:
    failure = last_failure(config)
    if failure is not None:
        yield Finding(
            ngettext(
                "The last mail could not be sent: %(why)s",
                "The last %(count)d mails could not be sent: %(why)s",
                failure.count,
            )
            % {"count": failure.count, "why": failure.why},
            _("Readers wait for their codes. Check EMAIL_URL, then send a test mail (Settings → Test mail)."),
        )
    if stuck := unfinished_mails(config):
        yield Finding(
            ngettext(
                "One mail in the outbox was begun and never finished.",
                "%(count)d mails in the outbox were begun and never finished.",
                stuck,
            )
            % {"count": stuck},
            _(
                "Their writing was cut off (a full disk, a crash). Delete the .part files; those readers must ask again."
            ),
        )


def tasks(config: Config) -> Iterator[Finding]:
    lately = Q(finished_at__gt=clock.now() - LATELY)
    failed = DBTaskResult.objects.filter(lately, status=TaskResultStatus.FAILED).count()
    if failed:
        yield Finding(
            ngettext(
                "One task of the worker failed since yesterday.",
                "%(count)d tasks of the worker failed since yesterday.",
                failed,
            )
            % {"count": failed},
            _("The log says which and why. Pictures that are not ready are the most likely."),
        )


def payment_events(config: Config) -> Iterator[Finding]:
    """What payment providers told and the worker gave up."""
    if number := given_up().count():
        yield Finding(
            ngettext(
                "One event of a payment provider could not be written into the books.",
                "%(count)d events of payment providers could not be written into the books.",
                number,
            )
            % {"count": number},
            _(
                "The money desk says why, and tries them again. Nothing is lost: the provider has it, and is asked again."
            ),
        )


# What readers notice first.
CHECKS: list[Check] = [disk, worker, policy, schedule, outbox, tasks, reconciled, pretended_payments, payment_events]
