"""Reset a colleague's second factor: the telephone is lost, and so are the codes."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy as _

from broadsheet.readers.acts.end_sessions import end_all_sessions
from broadsheet.readers.letters import Letter, post_notice
from broadsheet.readers.models import User
from broadsheet.staff.trail import record


def reset_factor(user: User, *, by: User, reason: str) -> None:
    """All of them, recovery codes too; the colleague is signed out everywhere and told by mail."""
    Authenticator.objects.filter(user=user).delete()
    record("staff.factor_reset", user, by=by, reason=reason)
    end_all_sessions(user)
    post_notice(Letter("second_factor", user.email, _("Your second factor at {publication}"), {"change": "reset"}))
