"""Every address of the money desk, below `/admin/giving/`."""

from __future__ import annotations

from django.urls import URLPattern, path

from broadsheet.giving.desk import (
    attempts,
    differences,
    disputes,
    donations,
    donors,
    entering,
    events,
    exports,
    overview,
    pledges,
    receipts,
    refunds,
    sources,
    thanks,
)
from broadsheet.giving.providers.fake.panel import PretendPanel

urlpatterns: list[URLPattern] = [
    path("", overview.Overview.as_view(), name="money_desk"),
    path("enter/", entering.EnterPayment.as_view(), name="money_enter"),
    path("donations/", donations.Donations.as_view(), name="money_donations"),
    path("donations/<int:pk>/", donations.DonationPage.as_view(), name="money_donation"),
    path("donations/<int:pk>/refund/", refunds.Refund.as_view(), name="money_refund"),
    path("attempts/", attempts.Attempts.as_view(), name="money_attempts"),
    path("attempts/<str:pk>/", attempts.AttemptPage.as_view(), name="money_attempt"),
    path("attempts/<str:pk>/stop/", attempts.StopAwaiting.as_view(), name="money_attempt_stop"),
    path("pledges/", pledges.Pledges.as_view(), name="money_pledges"),
    path("pledges/<int:pk>/", pledges.PledgePage.as_view(), name="money_pledge"),
    path("pledges/<int:pk>/end/", pledges.EndPledge.as_view(), name="money_pledge_end"),
    path("failed-cards/", pledges.Failing.as_view(), name="money_failing"),
    path("disputes/", disputes.Disputes.as_view(), name="money_disputes"),
    path("donors/", donors.Donors.as_view(), name="money_donors"),
    path("donors/<int:pk>/", donors.DonorPage.as_view(), name="money_donor"),
    path("thanks/", thanks.ThankYouList.as_view(), name="money_thanks"),
    path("sources/", sources.Sources.as_view(), name="money_sources"),
    path("exports/", exports.Exports.as_view(), name="money_exports"),
    path("exports/<slug:name>/<int:year>/", exports.ExportYear.as_view(), name="money_export"),
    path("receipts/<int:pk>.pdf", receipts.ReceiptPdf.as_view(), name="money_receipt"),
    path("receipts/<int:pk>/void/", receipts.VoidReceipt.as_view(), name="money_receipt_void"),
    path("receipts/<int:pk>/anew/", receipts.ReissueReceipt.as_view(), name="money_receipt_anew"),
    path("donors/<int:pk>/statement-<int:year>.pdf", receipts.StatementPdf.as_view(), name="money_statement"),
    path("differences/", differences.Differences.as_view(), name="money_differences"),
    path("correct/", differences.Correct.as_view(), name="money_correct"),
    path("events/", events.Events.as_view(), name="money_events"),
    path("events/<int:pk>/again/", events.TryAgain.as_view(), name="money_event_again"),
    path("pretend/", PretendPanel.as_view(), name="money_pretend"),
]
