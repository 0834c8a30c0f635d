"""The addresses of the pages on which somebody pretends to pay."""

from __future__ import annotations

from django.urls import URLPattern, path

from broadsheet.giving.providers.fake import views

urlpatterns: list[URLPattern] = [
    path("<slug:page>/", views.pay, name="pretended_payment"),
    path("<slug:page>/bank/", views.bank, name="pretended_bank"),
]
