"""Registering and signing in: an address, a code, and back to the article."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from broadsheet import clock
from broadsheet.readers import pending
from broadsheet.readers.acts.begin_sign_in import begin_sign_in
from broadsheet.readers.acts.finish_sign_in import finish_sign_in
from broadsheet.readers.acts.send_code_again import send_code_again
from broadsheet.readers.acts.sign_in import AccountClosed, SecondFactorNeeded
from broadsheet.readers.acts.sign_in_with_password import sign_in_with_password
from broadsheet.readers.acts.sign_out import sign_out
from broadsheet.readers.codes import Outcome
from broadsheet.readers.forms import CodeForm, EmailForm, PasswordSignInForm
from broadsheet.readers.letters import MailNotSent
from broadsheet.readers.models import SEND_AGAIN_AFTER, Purpose, User
from broadsheet.readers.pending import Pending
from broadsheet.readers.views.page import account_page, came_from, draw, in_words, local_path, see

_read_or_send = require_http_methods(["GET", "HEAD", "POST"])


@_read_or_send
@account_page
def register(request: HttpRequest) -> HttpResponse:
    return _email_step(request, "register")


@_read_or_send
@account_page
def login(request: HttpRequest) -> HttpResponse:
    return _email_step(request, "login")


def _email_step(request: HttpRequest, name: str) -> HttpResponse:
    """The same act under two names; only the words on the page differ."""
    next_path = local_path(request.POST.get("next") or request.GET.get("next") or came_from(request))
    if isinstance(request.user, User):
        return see(next_path)
    form = EmailForm(request.POST or None, initial={"next": next_path})
    if request.method == "POST" and form.is_valid():
        try:
            begin_sign_in(request, form.cleaned_data["email"], next_path)
            return see("/login/code/")
        except MailNotSent as fault:
            form.add_error(None, not_sent(fault))
    return draw(request, name, {"form": form, "next": next_path})


@_read_or_send
@account_page
def code(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        return see("/account/")
    waiting = pending.find(request, Purpose.SIGN_IN)
    if waiting is None:
        return see("/login/")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            outcome = finish_sign_in(request, waiting, form.cleaned_data["code"])
        except AccountClosed:
            return draw(request, "closed", status=403)
        except SecondFactorNeeded:
            return see("/login/factor/", next=waiting.next)
        if outcome is Outcome.RIGHT:
            return see(waiting.next)
        say_why(form, waiting, outcome)
    return draw(request, "code", {"form": form, **about(waiting)})


@require_POST
@account_page
def code_again(request: HttpRequest) -> HttpResponse:
    waiting = pending.find(request, Purpose.SIGN_IN)
    if waiting is None or isinstance(request.user, User):
        return see("/login/")
    send_again(request, waiting)
    return see("/login/code/")


@_read_or_send
@account_page
def password(request: HttpRequest) -> HttpResponse:
    next_path = local_path(request.POST.get("next") or request.GET.get("next"))
    if isinstance(request.user, User):
        return see(next_path)
    form = PasswordSignInForm(request.POST or None, initial={"next": next_path})
    if request.method == "POST" and form.is_valid():
        try:
            if sign_in_with_password(request, form.cleaned_data["email"], form.cleaned_data["password"]):
                return see(next_path)
            form.add_error(None, _("That address and password do not go together."))
        except AccountClosed:
            return draw(request, "closed", status=403)
        except SecondFactorNeeded:
            return see("/login/factor/", next=next_path)
    return draw(request, "password", {"form": form, "next": next_path})


@_read_or_send
@account_page
def logout(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        sign_out(request)
        return see("/")
    if not isinstance(request.user, User):
        return see("/")
    return draw(request, "logout")


def about(waiting: Pending) -> dict[str, object]:
    """What the page of a code says of it."""
    now = clock.now()
    wait = SEND_AGAIN_AFTER - (now - waiting.code.sent_at)
    return {
        "email": waiting.code.email,
        "next": waiting.next,
        "is_open": waiting.code.can_be_typed_at(now),
        "can_send_again": waiting.code.can_be_sent_again_at(now),
        "send_again_in": in_words(wait),
    }


def say_why(form: forms.Form, waiting: Pending, outcome: Outcome) -> None:
    if outcome is Outcome.WRONG:
        left = waiting.code.tries_left
        said = ngettext(
            "That is not the code we sent. %(left)d try left.",
            "That is not the code we sent. %(left)d tries left.",
            left,
        )
        form.add_error("code", said % {"left": left})
    else:
        form.add_error(
            "code", _("That code no longer works: it was tried too often, used, or its ten minutes are over.")
        )


def send_again(request: HttpRequest, waiting: Pending) -> None:
    """Send another code if it is time; the next page says what happened."""
    try:
        sent = send_code_again(request, waiting)
    except MailNotSent as fault:
        messages.error(request, not_sent(fault))
        return
    if sent:
        messages.success(request, _("Another code is on its way. The one before no longer works."))
    else:
        waiting.code.refresh_from_db()
        said = _("A code was sent a moment ago. You can ask for another %(in_a_while)s.")
        messages.info(request, said % {"in_a_while": about(waiting)["send_again_in"]})


def not_sent(fault: MailNotSent) -> str:
    if fault.permanent:
        return _("The mail server refused that address. Please look whether it is spelled as it should be.")
    return _("The mail could not be sent just now. Nothing is lost: please try again in a minute.")
