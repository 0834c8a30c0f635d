"""Every address of giving."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from broadsheet.giving import receipt_pages
from broadsheet.giving.views import account, appeals, donate, hooks, thanks, transfer

urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/payments/<slug:provider>/", hooks.take_event, name="payment_hook"),
    path("appeals/close/", appeals.close, name="close_appeal"),
    path("donate/", donate.donate, name="donate"),
    path("donate/thanks/<str:attempt>/", thanks.thanks, name="donate_thanks"),
    path("donate/transfer/<str:attempt>/", transfer.transfer, name="donate_transfer"),
    path("donate/transfer/<str:attempt>/code.svg", transfer.square_code, name="donate_transfer_code"),
    path("account/giving/", account.giving, name="account_giving"),
    path("account/giving/pledges/<int:number>/amount/", account.amount, name="pledge_amount"),
    path("account/giving/pledges/<int:number>/pause/", account.pause, name="pledge_pause"),
    path("account/giving/pledges/<int:number>/resume/", account.resume, name="pledge_resume"),
    path("account/giving/pledges/<int:number>/repair/", account.repair_payment, name="pledge_repair"),
    path("account/giving/pledges/<int:number>/cancel/", account.cancel, name="pledge_cancel"),
    path("account/giving/receipts/<int:number>/", receipt_pages.own_receipt, name="own_receipt"),
    path("account/giving/receipts/<int:number>.pdf", receipt_pages.own_receipt, {"as_pdf": True}, "own_receipt_pdf"),
    path("account/giving/statement/<int:year>/", receipt_pages.own_statement, name="own_statement"),
    path("account/giving/statement/<int:year>.pdf", receipt_pages.own_statement, {"as_pdf": True}, "own_statement_pdf"),
    path("donate/receipt/<str:token>/", receipt_pages.receipt_by_link, name="receipt_by_link"),
    path("donate/receipt/<str:token>.pdf", receipt_pages.receipt_by_link, {"as_pdf": True}, "receipt_by_link_pdf"),
    path("pay/fake/", include("broadsheet.giving.providers.fake.urls")),
]
