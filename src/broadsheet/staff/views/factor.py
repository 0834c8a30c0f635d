"""The second factor: giving it at sign-in, and looking after it on the account's pages."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import qrcode
from allauth.account.internal.flows.login import perform_login
from allauth.account.internal.stagekit import get_pending_stage
from allauth.account.models import Login
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.flows import generate_recovery_codes, view_recovery_codes
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import get_totp_secret
from allauth.mfa.totp.internal.flows import activate_totp
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.internal.flows import add_authenticator
from cryptography.exceptions import InvalidSignature
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from qrcode.image.svg import SvgPathImage

from broadsheet.config import config
from broadsheet.readers import limits, pending
from broadsheet.readers.acts.sign_in import arrive, note_proof
from broadsheet.readers.models import User
from broadsheet.readers.second_factor import FACTORS, has_second_factor
from broadsheet.readers.views.page import account_page, draw, for_account, for_owner, local_path, see
from broadsheet.staff.acts.change_factor import LastFactor, follow_new_factor, remove_factor
from broadsheet.staff.roles import is_staff

_read_or_send = require_http_methods(["GET", "HEAD", "POST"])
_NEXT = "second_factor_next"


# ── at sign-in


@_read_or_send
@account_page
def give(request: HttpRequest) -> HttpResponse:
    """The password or the code was right; one thing more."""
    next_path = local_path(request.POST.get("next") or request.GET.get("next"))
    if isinstance(request.user, User):
        return see(next_path)
    stage = get_pending_stage(request)
    if not isinstance(stage, AuthenticateStage):
        return see("/login/", next=next_path)
    user = stage.login.user
    assert isinstance(user, User)
    form, key_form = _forms(request, user, AuthenticateForm, AuthenticateWebAuthnForm)
    if request.method == "POST" and _is_given(request, user, form, key_form):
        stage.exit()
        return _let_in(request, user, next_path)
    return draw(request, "factor", {**_to_give(user, form, key_form), "next": next_path, "action": request.path})


@_read_or_send
@account_page
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """A passkey alone: it is a thing one has, opened by something one knows or is."""
    next_path = local_path(request.POST.get("next") or request.GET.get("next"))
    if isinstance(request.user, User):
        return see(next_path)
    form = _labelled(LoginWebAuthnForm(request.POST if request.method == "POST" else None))
    if request.method == "POST":
        limits.take(limits.PASSKEYS, request)
        if _is_good(form):
            authenticator = form.cleaned_data["credential"]
            post_authentication(request, authenticator, passwordless=True)
            user = authenticator.user
            perform_login(request, Login(user=user, email=user.email))
            return _let_in(request, user, next_path)
    return draw(request, "passkey", {"form": form, "options": _for_strangers(request), "next": next_path})


@_read_or_send
@for_account
def confirm(request: HttpRequest) -> HttpResponse:
    """Before anything important changes: the factor once more, if it was given a while ago."""
    user = _user(request)
    next_path = local_path(request.POST.get("next") or request.GET.get("next"))
    if not has_second_factor(user):
        return see("/account/confirm/", next=next_path)
    form, key_form = _forms(request, user, ReauthenticateForm, ReauthenticateWebAuthnForm)
    if request.method == "POST" and _is_given(request, user, form, key_form):
        note_proof(request)
        return see(next_path)
    shown = {**_to_give(user, form, key_form), "next": next_path, "action": request.path, "is_confirming": True}
    return draw(request, "factor", shown)


def _forms(request: HttpRequest, user: User, by_code: type[Any], by_key: type[Any]) -> tuple[Any, Any]:
    """Only the one that was sent is bound."""
    sent = request.POST if request.method == "POST" else None
    with_code = sent is not None and "code" in sent
    return (
        _labelled(by_code(sent if with_code else None, user=user)),
        _labelled(by_key(sent if sent is not None and not with_code else None, user=user)),
    )


def _is_given(request: HttpRequest, user: User, form: Any, key_form: Any) -> bool:
    """Whether the one that was sent is the account's. Raises TooMany, before anything is compared."""
    limits.take(limits.FACTORS, request, user.email)
    given = form if "code" in request.POST else key_form
    if not _is_good(given):
        return False
    given.save()
    limits.forgive(limits.FACTORS, request, user.email)
    return True


def _let_in(request: HttpRequest, user: User, next_path: str) -> HttpResponse:
    """allauth has signed them in, unless the account was closed in the meantime."""
    if request.user.pk != user.pk:
        return draw(request, "closed", status=403)
    arrive(request, user)
    return see(next_path)


def _for_strangers(request: HttpRequest) -> dict[str, Any] | None:
    """What the browser is asked for before it is known who asks; None where it would give no passkey."""
    if not can_passkeys():
        return None
    pending.begin_strangers_session(request)
    return webauthn.begin_authentication(user=None)


def _to_give(user: User, form: Any, key_form: Any) -> dict[str, object]:
    has_key = is_mfa_enabled(user, [Authenticator.Type.WEBAUTHN])
    return {
        "form": form,
        "key_form": key_form,
        "options": webauthn.begin_authentication(user) if has_key else None,
        "has_app": is_mfa_enabled(user, [Authenticator.Type.TOTP]),
    }


# ── looking after it


@require_safe
@for_account
def overview(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    if not is_staff(user) and not is_mfa_enabled(user):
        raise Http404
    if next_path := request.GET.get("next"):
        request.session[_NEXT] = local_path(next_path, "/admin/")
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = next((factor for factor in factors if factor.type == Authenticator.Type.RECOVERY_CODES), None)
    shown = {
        "app": next((factor for factor in factors if factor.type == Authenticator.Type.TOTP), None),
        "passkeys": [factor for factor in factors if factor.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "is_required": config().staff_second_factor == "required",
        "has_passkeys": can_passkeys(),
        "onward": request.session.get(_NEXT, "/admin/") if is_staff(user) and has_second_factor(user) else None,
    }
    return draw(request, "second_factor", shown)


@_read_or_send
@for_owner
def add_app(request: HttpRequest) -> HttpResponse:
    user = _staff(request)
    if is_mfa_enabled(user, [Authenticator.Type.TOTP]):
        return see("/account/second-factor/")
    form = _labelled(ActivateTOTPForm(request.POST if request.method == "POST" else None, user=user))
    if request.method == "POST":
        limits.take(limits.FACTORS, request, user.email)
        if form.is_valid():
            activate_totp(request, form)
            follow_new_factor(request, user)
            return see("/account/second-factor/codes/")
    return draw(request, "factor_app", {"form": form, "secret": _in_fours(form.secret)})


@require_safe
@for_owner
def app_picture(request: HttpRequest) -> HttpResponse:
    """What the app scans, as a picture of its own: the policy of our pages takes none that is written into them."""
    address = get_adapter().build_totp_url(_staff(request), get_totp_secret())
    written = BytesIO()
    qrcode.make(address, image_factory=SvgPathImage, border=2).save(written)
    return HttpResponse(written.getvalue(), content_type="image/svg+xml")


@_read_or_send
@for_owner
def add_passkey(request: HttpRequest) -> HttpResponse:
    """A passkey, which also signs in alone; or, where asked for, a security key that only stands second."""
    user = _staff(request)
    is_plain_key = "key" in (request.POST if request.method == "POST" else request.GET)
    form = _labelled(AddWebAuthnForm(request.POST if request.method == "POST" else None, user=user))
    if request.method == "POST" and _is_good(form):
        _, new_codes = add_authenticator(request, form.cleaned_data["name"], form.cleaned_data["credential"])
        follow_new_factor(request, user)
        return see("/account/second-factor/codes/" if new_codes else "/account/second-factor/")
    options = webauthn.begin_registration(user, passwordless=not is_plain_key)
    shown = {"form": form, "options": options, "is_plain_key": is_plain_key, "has_passkeys": can_passkeys()}
    return draw(request, "factor_passkey", shown)


@_read_or_send
@for_owner
def codes(request: HttpRequest) -> HttpResponse:
    """Shown once, on the page that follows their making; then only how many are left."""
    user = _user(request)
    if not has_second_factor(user):
        return see("/account/second-factor/")
    if request.method == "POST":
        generate_recovery_codes(request)
        return see(request.path)
    kept, may_be_shown = view_recovery_codes(request)
    shown = {
        "codes": kept.get_unused_codes() if kept and may_be_shown else None,
        "left": len(kept.get_unused_codes()) if kept else 0,
        "onward": request.session.get(_NEXT, "/admin/") if is_staff(user) else None,
    }
    return draw(request, "factor_codes", shown)


@_read_or_send
@for_owner
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    user = _user(request)
    factor = get_object_or_404(Authenticator, pk=pk, user=user, type__in=FACTORS)
    if request.method == "POST":
        try:
            remove_factor(request, user, factor)
            messages.success(request, _("It no longer opens your account."))
        except LastFactor:
            messages.error(
                request,
                _("It is your only second factor, and the newsroom needs one. Set up another first, then remove it."),
            )
        return see("/account/second-factor/")
    return draw(request, "factor_remove", {"factor": factor, "is_app": factor.type == Authenticator.Type.TOTP})


def can_passkeys() -> bool:
    """Browsers make passkeys only for a name, and only over https; their own machine may go by `localhost`."""
    host = config().host.rpartition(":")[0] or config().host
    if not config().is_https:
        return host == "localhost" or host.endswith(".localhost")
    return not host.replace(".", "").isdigit() and not host.startswith("[")


def _labelled(form: Any) -> Any:
    """Our words and our attributes on allauth's fields."""
    form.label_suffix = ""
    if (code := form.fields.get("code")) is not None:
        code.label = _("Code")
        code.widget.attrs = {
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "autofocus": True,
            "spellcheck": "false",
            "maxlength": 40,
        }
    if (name := form.fields.get("name")) is not None:
        name.label = _("What to call it")
        name.widget.attrs = {"maxlength": 60, "autocomplete": "off"}
    return form


def _is_good(form: Any) -> bool:
    """What fido2 cannot read, or was signed by another key, is a wrong answer; allauth lets most of that pass as a fault,
    and of the rest it says what it says of a wrong code.
    """
    try:
        if form.is_valid():
            return True
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, InvalidSignature):
        form.add_error(None, _refusal(form))
        return False
    if "credential" in form.fields:
        for field, faults in form.errors.as_data().items():
            if any(fault.code == "incorrect_code" for fault in faults):
                form.errors[field] = form.error_class([_refusal(form)])
            elif field == "credential" and any(fault.code == "required" for fault in faults):
                form.errors[field] = form.error_class([_("The browser gave no passkey.")])
    return False


def _refusal(form: Any) -> str:
    if isinstance(form, LoginWebAuthnForm):
        return _("That passkey opens no account here. It may have been removed: please log in another way.")
    if isinstance(form, AddWebAuthnForm):
        return _("That passkey cannot be kept here. Please try again.")
    return _("That was not a passkey of this account.")


def _in_fours(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _staff(request: HttpRequest) -> User:
    """Readers have codes and need no second factor; whoever once had one may still remove it."""
    user = _user(request)
    if not is_staff(user):
        raise Http404
    return user


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
