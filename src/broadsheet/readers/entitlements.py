"""What an account may open: today its class of reader; subscriptions and support will be read here."""

from broadsheet.core.meter import ReaderClass
from broadsheet.readers.models import User


def reader_class(user: User) -> ReaderClass:
    """The rung of the meter's ladder this account stands on. Whoever may enter the newsroom's admin is staff."""
    if not user.is_active:
        return ReaderClass.ANONYMOUS
    if user.is_staff or user.has_perm("wagtailadmin.access_admin"):
        return ReaderClass.STAFF
    return ReaderClass.REGISTERED
