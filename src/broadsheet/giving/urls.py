"""Every address of giving."""

from __future__ import annotations

from django.urls import URLPattern, path

from broadsheet.giving.views import hooks

urlpatterns: list[URLPattern] = [
    path("hooks/payments/<slug:provider>/", hooks.take_event, name="payment_hook"),
]
