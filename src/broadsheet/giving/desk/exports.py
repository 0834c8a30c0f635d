"""For the accountant: the lists of the desk as tables, and the books as a journal."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet.giving.desk.page import DeskPage


class Exports(DeskPage):
    template_name = "giving/desk/exports.html"
    page_title = gettext_lazy("For the accountant")
    stop = "money_exports"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tables = [
            (reverse("money_donations"), _("Donations"), _("one line a payment received, with receipt and donor")),
            (reverse("money_attempts"), _("Attempts"), _("one line an attempt, with its state")),
            (reverse("money_pledges"), _("Pledges"), _("one line a promise to give again")),
            (reverse("money_disputes"), _("Disputes"), _("one line a dispute, with its outcome")),
            (reverse("money_donors"), _("Donors"), _("one line a donor")),
        ]
        return super().get_context_data(tables=tables, **kwargs)
