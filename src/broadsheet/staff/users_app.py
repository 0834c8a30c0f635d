"""Wagtail's part for users, with our accounts in it: listed in INSTALLED_APPS in place of `wagtail.users`."""

from wagtail.users.apps import WagtailUsersAppConfig


class AccountsInTheNewsroom(WagtailUsersAppConfig):
    user_viewset = "broadsheet.staff.accounts.StaffAccounts"
