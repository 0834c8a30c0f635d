"""The letter with the details of a transfer: the page is gone when somebody sits down to pay."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from broadsheet.giving.models import Attempt
from broadsheet.giving.providers.manual.details import details_of
from broadsheet.readers.letters import Letter, post_notice


def post_details(attempt: Attempt) -> None:
    """A mail server that does not answer undoes nothing: the page says the same."""
    context = {"attempt": attempt, "details": details_of(attempt)}
    post_notice(Letter("transfer", attempt.email, _("Your gift to {publication}: how to transfer it"), context))
