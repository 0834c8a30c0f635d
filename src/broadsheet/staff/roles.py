"""Ready-made roles: groups that migrations give their permissions, in words for whoever hands them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from broadsheet.core.meter import ReaderClass
from broadsheet.readers.entitlements import reader_class
from broadsheet.readers.models import User


@dataclass(frozen=True)
class Role:
    key: str
    group: str  # its name in the table of groups
    name: Any  # lazily translated, as is `may`
    may: Any


ROLES = [
    Role("reporter", "Reporters", _("Reporter"), _("writes stories and submits them; sees to their own drafts only")),
    Role("editor", "Editors", _("Editor"), _("edits and publishes everything, and helps readers")),
    Role(
        "publisher",
        "Publishers",
        _("Publisher"),
        _(
            "sets up the publication, the meter and the staff, works at the money desk, sees who did what, and helps readers;"
            " does not publish"
        ),
    ),
]

ADMINISTRATOR = "administrator"  # everything, and not a group
ROLE_KEYS = [ADMINISTRATOR, *(role.key for role in ROLES)]


def role_of_group(group: str) -> Role | None:
    return next((role for role in ROLES if role.group == group), None)


def role_named(key: str) -> Role:
    return next(role for role in ROLES if role.key == key)


def is_staff(user: User) -> bool:
    """Also where the account is closed: it is opened again, or deleted, under Users, and never by the help desk."""
    if user.is_active:
        return reader_class(user) is ReaderClass.STAFF
    return User.objects.filter(works_here(), pk=user.pk).exists()


def works_here() -> Q:
    """For querysets: whoever may enter the newsroom's admin, or might if the account were not closed."""
    enter = Permission.objects.filter(content_type__app_label="wagtailadmin", codename="access_admin")
    by_group = Group.objects.filter(permissions__in=enter)
    return Q(is_staff=True) | Q(is_superuser=True) | Q(groups__in=by_group) | Q(user_permissions__in=enter)


def roles_of(user: User) -> list[str]:
    """By key; for the trail."""
    groups = set(user.groups.values_list("name", flat=True))
    named = [role.key for role in ROLES if role.group in groups]
    others = sorted(groups - {role.group for role in ROLES})
    return [*([ADMINISTRATOR] if user.is_superuser else []), *named, *others]
