"""Set, change or remove the password of an account. Every other session ends; the owner is told by mail."""

from __future__ import annotations

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from broadsheet.readers.acts.end_sessions import end_other_sessions
from broadsheet.readers.letters import Letter, post_notice
from broadsheet.readers.models import User


def set_password(request: HttpRequest, user: User, password: str | None) -> None:
    """None removes it: codes alone open the account then. The caller has made sure that it is the owner who asks."""
    had_one = user.has_usable_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    # The session's hash holds the password: this session is given the new one (and a new key), the others end.
    update_session_auth_hash(request, user)
    end_other_sessions(request, user)
    change = "removed" if password is None else ("changed" if had_one else "set")
    post_notice(Letter("password_changed", user.email, _SUBJECTS[change], {"change": change}))


_SUBJECTS = {
    "set": _("Your password at {publication} was set"),
    "changed": _("Your password at {publication} was changed"),
    "removed": _("Your password at {publication} was removed"),
}
