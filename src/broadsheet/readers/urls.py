"""Every address of accounts. allauth's own pages are not mounted: what is not here does not exist."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from broadsheet.readers.desk import desk_account
from broadsheet.readers.views import account, sign_in

urlpatterns: list[URLPattern] = [
    path("register/", sign_in.register, name="register"),
    path(
        "login/", sign_in.login, name="account_login"
    ),  # allauth's name for it: its stages lead here when they give up
    path("login/code/", sign_in.code, name="login_code"),
    path("login/code/again/", sign_in.code_again, name="login_code_again"),
    path("login/password/", sign_in.password, name="login_password"),
    path("logout/", sign_in.logout, name="logout"),
    path("account/", account.overview, name="account"),
    path("account/reads/", account.reads, name="account_reads"),
    path("account/reads/wipe/", account.wipe_reads, name="account_reads_wipe"),
    path("account/name/", account.name, name="account_name"),
    path("account/email/", account.email, name="account_address"),
    path("account/email/code/", account.email_code, name="account_address_code"),
    path("account/password/", account.password, name="account_password"),
    path("account/confirm/", account.confirm, name="account_confirm"),
    path("account/confirm/code/", account.confirm_code, name="account_confirm_code"),
    path("account/sessions/", account.sessions, name="account_sessions"),
    path("account/sessions/end/", account.end_sessions, name="account_sessions_end"),
    path("account/data/", account.data, name="account_data"),
    path("account/delete/", account.delete, name="account_delete"),
    # Wagtail's own doors, before its URLs: one place to sign in, one to change a password.
    path("admin/login/", RedirectView.as_view(pattern_name="account_login", query_string=True), name="admin_login"),
    path("admin/account/", desk_account, name="admin_account"),
    path("admin/logout/", sign_in.logout, name="admin_logout"),
    path(
        "admin/password_reset/",
        RedirectView.as_view(url="/login/?next=/account/password/"),
        name="admin_password_reset",
    ),
]
