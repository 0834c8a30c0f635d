"""Second factors: at sign-in, and on the account's own pages. What stands in the admin is in `wagtail_hooks`."""

from __future__ import annotations

from django.urls import URLPattern, path

from broadsheet.staff.views import factor

urlpatterns: list[URLPattern] = [
    path("login/factor/", factor.give, name="mfa_authenticate"),  # allauth's name: its stage leads here
    path("login/passkey/", factor.passkey_sign_in, name="mfa_login_webauthn"),
    path("account/confirm/factor/", factor.confirm, name="account_confirm_factor"),
    path("account/second-factor/", factor.overview, name="mfa_index"),
    path("account/second-factor/app/", factor.add_app, name="mfa_activate_totp"),
    path("account/second-factor/app/code.svg", factor.app_picture, name="mfa_totp_picture"),
    path("account/second-factor/passkey/", factor.add_passkey, name="mfa_add_webauthn"),
    path("account/second-factor/codes/", factor.codes, name="mfa_view_recovery_codes"),
    path("account/second-factor/<int:pk>/remove/", factor.remove, name="mfa_remove"),
]
