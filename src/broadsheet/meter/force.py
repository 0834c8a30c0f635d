"""Putting the meter in force: what the publisher saved, made into what the gate reads."""

from __future__ import annotations

import logging
from dataclasses import replace

from django.template.loader import render_to_string

from broadsheet.core.meter import ReaderClass
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.policy import COUNT_MARK, PolicySnapshot
from broadsheet.gate.store import StoreFailed
from broadsheet.meter.models import MeterSettings
from broadsheet.meter.words import Notice
from broadsheet.newsroom.language import speaking
from broadsheet.newsroom.models import Publication

log = logging.getLogger(__name__)


def publish_snapshot() -> PolicySnapshot:
    """Bring the gate's policy to what is saved; all workers decide by it when this returns. Nothing is done if they do.

    Raises StoreFailed where the ledger cannot be written.
    """
    ledger = open_ledger()
    while True:
        saved, in_force = snapshot(), ledger.policy()
        if in_force is not None and replace(in_force, version=0) == saved:
            return in_force
        # Read again after publishing: another process may have saved and published in between, and been overwritten.
        ledger.publish_policy(saved)


def is_in_force() -> bool:
    """Whether the gate decides by what is saved."""
    in_force = open_ledger().policy()
    return in_force is not None and replace(in_force, version=0) == snapshot()


def publish_or_complain() -> None:
    """After a change: its author is told by the page they come back to, and the worker tries again."""
    try:
        publish_snapshot()
    except StoreFailed:
        log.exception("The meter was saved but could not be put in force; the worker tries again.")


def snapshot() -> PolicySnapshot:
    """What is saved, as the gate reads it: in the edition's language, whatever the editor's."""
    meter, name = MeterSettings.ours(), Publication.ours().name
    with speaking():
        return PolicySnapshot(
            policy=meter.policy(),
            publication=name,
            notice_html=notice_html(meter.notice(2, ReaderClass.ANONYMOUS, name, written=COUNT_MARK)),
            notice_one_html=notice_html(meter.notice(1, ReaderClass.ANONYMOUS, name, written=COUNT_MARK)),
            account_notice_html=notice_html(meter.notice(2, ReaderClass.REGISTERED, name, written=COUNT_MARK)),
            account_notice_one_html=notice_html(meter.notice(1, ReaderClass.REGISTERED, name, written=COUNT_MARK)),
        )


def notice_html(notice: Notice) -> str:
    """The notice as it is appended to a page; `notice` may hold COUNT_MARK."""
    return render_to_string("components/notice.html", {"line": notice.line, "invitation": notice.invitation}).strip()
