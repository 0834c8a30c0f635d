"""The pages of an account: what it is, who is signed in to it, and leaving with everything."""

from __future__ import annotations

import json

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from broadsheet import clock
from broadsheet.readers import limits, pending, privacy
from broadsheet.readers.acts.change_address import AddressTaken, begin_change_of_address, finish_change_of_address
from broadsheet.readers.acts.change_name import change_name
from broadsheet.readers.acts.confirm_owner import begin_confirming, confirm_with_password, finish_confirming
from broadsheet.readers.acts.delete_account import LastAdministrator, delete_account
from broadsheet.readers.acts.end_sessions import end_other_sessions, end_session
from broadsheet.readers.acts.set_password import set_password
from broadsheet.readers.agents import browser_name
from broadsheet.readers.codes import Outcome
from broadsheet.readers.forms import CodeForm, DeleteForm, NameForm, NewAddressForm, NewPasswordForm, OwnPasswordForm
from broadsheet.readers.letters import MailNotSent
from broadsheet.readers.models import Purpose, User
from broadsheet.readers.reads import reads_of, wipe
from broadsheet.readers.second_factor import has_second_factor
from broadsheet.readers.views.page import account_page, draw, for_account, for_owner, local_path, see
from broadsheet.readers.views.sign_in import about, not_sent, say_why, send_again

_read_or_send = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@for_account
def overview(request: HttpRequest) -> HttpResponse:
    return draw(request, "overview", {"reads": reads_of(request), "sessions": _sessions(request).count()})


@require_safe
@account_page
def reads(request: HttpRequest) -> HttpResponse:
    return draw(request, "reads", {"reads": reads_of(request)})


@require_POST
@account_page
def wipe_reads(request: HttpRequest) -> HttpResponse:
    response = see("/account/reads/")
    if not wipe(request) and not isinstance(request.user, User):
        # Nothing but the cookie knows of the one article: there the list and the count are the same thing.
        response.delete_cookie("reader", samesite="Lax")
    return response


@_read_or_send
@for_account
def name(request: HttpRequest) -> HttpResponse:
    form = NameForm(request.POST or None, initial={"name": _user(request).name})
    if request.method == "POST" and form.is_valid():
        change_name(_user(request), form.cleaned_data["name"])
        messages.success(request, _("Your name was changed."))
        return see("/account/")
    return draw(request, "name", {"form": form})


@_read_or_send
@for_owner
def email(request: HttpRequest) -> HttpResponse:
    form = NewAddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["email"] == _user(request).email:
            form.add_error("email", _("That is your address already."))
        else:
            try:
                begin_change_of_address(request, form.cleaned_data["email"])
                return see("/account/email/code/")
            except MailNotSent as fault:
                form.add_error(None, not_sent(fault))
    return draw(request, "email", {"form": form})


@_read_or_send
@for_owner
def email_code(request: HttpRequest) -> HttpResponse:
    waiting = pending.find(request, Purpose.NEW_ADDRESS)
    if waiting is None:
        return see("/account/email/")
    form = CodeForm(request.POST or None)
    if "again" in request.POST:
        send_again(request, waiting)
        return see(request.path)
    if request.method == "POST" and form.is_valid():
        try:
            outcome = finish_change_of_address(request, _user(request), waiting, form.cleaned_data["code"])
        except AddressTaken:
            messages.error(request, _("Another account has that address. Sign in to that one, or use another address."))
            return see("/account/email/")
        if outcome is Outcome.RIGHT:
            messages.success(request, _("Your address was changed."))
            return see("/account/")
        say_why(form, waiting, outcome)
    return draw(request, "email_code", {"form": form, **about(waiting)})


@_read_or_send
@for_owner
def password(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    form = NewPasswordForm(request.POST if "password" in request.POST else None, user=user)
    if request.method == "POST" and "remove" in request.POST:
        set_password(request, user, None)
        messages.success(request, _("Your password was removed. Codes open your account as before."))
        return see("/account/")
    if request.method == "POST" and form.is_valid():
        set_password(request, user, form.cleaned_data["password"])
        messages.success(request, _("Your password is set. You are signed out everywhere else."))
        return see("/account/")
    return draw(request, "new_password", {"form": form, "has_password": user.has_usable_password()})


@_read_or_send
@for_account
def confirm(request: HttpRequest) -> HttpResponse:
    """Prove that it is the owner who asks: by password, or by a code to the account's address."""
    user = _user(request)
    next_path = local_path(request.POST.get("next") or request.GET.get("next"))
    if has_second_factor(user):  # a code to the mailbox alone must not be enough to take the factor away
        return see("/account/confirm/factor/", next=next_path)
    form = OwnPasswordForm(request.POST if "password" in request.POST else None)
    note = ""
    if request.method == "POST" and "password" in request.POST:
        if form.is_valid():
            if confirm_with_password(request, user, form.cleaned_data["password"]):
                return see(next_path)
            form.add_error("password", _("That is not your password."))
    elif request.method == "POST":
        try:
            begin_confirming(request, user, next_path)
            return see("/account/confirm/code/")
        except MailNotSent as fault:
            note = not_sent(fault)
    shown = {"form": form, "next": next_path, "note": note, "has_password": user.has_usable_password()}
    return draw(request, "confirm", shown)


@_read_or_send
@for_account
def confirm_code(request: HttpRequest) -> HttpResponse:
    waiting = pending.find(request, Purpose.CONFIRM)
    if waiting is None or has_second_factor(_user(request)):
        return see("/account/confirm/")
    form = CodeForm(request.POST or None)
    if "again" in request.POST:
        send_again(request, waiting)
        return see(request.path)
    if request.method == "POST" and form.is_valid():
        outcome = finish_confirming(request, _user(request), waiting, form.cleaned_data["code"])
        if outcome is Outcome.RIGHT:
            return see(waiting.next)
        say_why(form, waiting, outcome)
    return draw(request, "confirm_code", {"form": form, **about(waiting)})


@require_safe
@for_account
def sessions(request: HttpRequest) -> HttpResponse:
    rows = [
        {
            "id": session.pk,
            "browser": browser_name(session.user_agent),
            "since": session.created_at,
            "seen": session.last_seen_at,
            "is_this": session.session_key == request.session.session_key,
        }
        for session in _sessions(request)
    ]
    return draw(request, "sessions", {"sessions": rows})


@require_POST
@for_account
def end_sessions(request: HttpRequest) -> HttpResponse:
    if "others" in request.POST:
        ended = end_other_sessions(request, _user(request))
        said = ngettext("Signed out on %(ended)d other browser.", "Signed out on %(ended)d other browsers.", ended)
        messages.success(request, said % {"ended": ended})
    else:
        chosen = request.POST.get("session", "")
        if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 and end_session(_user(request), int(chosen)):
            messages.success(request, _("That browser is signed out."))
    return see("/account/sessions/")


@require_POST
@for_account
def data(request: HttpRequest) -> HttpResponse:
    """Everything held about the account, in a form that programs read."""
    user = _user(request)
    limits.take(limits.DOWNLOADS, request, user.email)
    content = {"made_at": clock.now().isoformat(), **privacy.everything_about(user)}
    response = HttpResponse(json.dumps(content, indent=2, ensure_ascii=False), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="my-account.json"'
    return response


@_read_or_send
@for_owner
def delete(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    form = DeleteForm(request.POST or None, user=user)
    kept = privacy.kept_after(user)
    if request.method == "POST" and form.is_valid():
        try:
            delete_account(request, user)
            return draw(request, "deleted", {"kept": kept})
        except LastAdministrator:
            form.add_error(None, _("You are the only administrator. Make somebody else one first, in the newsroom."))
        except privacy.CannotErase as why:
            form.add_error(None, str(why))
    return draw(request, "delete", {"form": form, "kept": kept})


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _sessions(request: HttpRequest) -> QuerySet[UserSession]:
    return UserSession.objects.filter(user=_user(request)).order_by("-last_seen_at")
