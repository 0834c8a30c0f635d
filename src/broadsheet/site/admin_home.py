"""The newsroom's first screen: what is wrong, what is still to be said of the publication, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django import forms
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.ui.components import Component
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.models import ModelLogEntry

from broadsheet.config import LONGEST_NAME, config, language_tag
from broadsheet.giving.offer import offered
from broadsheet.meter.models import MeterSettings
from broadsheet.newsroom.acts.set_up import set_up
from broadsheet.newsroom.models import Article, FrontPage, PlainPage, Publication, Section
from broadsheet.readers.acts.change_address import AddressTaken
from broadsheet.readers.acts.create_editor import give_address
from broadsheet.readers.letters import Letter, written
from broadsheet.readers.models import User
from broadsheet.site.catalogues import LANGUAGES
from broadsheet.site.first_start import FirstStart
from broadsheet.site.mail import Trial, try_out
from broadsheet.site.mail_marks import has_sent, last_failure
from broadsheet.site.troubles import troubles

PUBLICATION = "newsroom.change_publication"


def panels(request: HttpRequest) -> list[Component]:
    """In order of urgency, before Wagtail's own."""
    found: list[Component] = [Troubles()]
    if request.user.has_perm(PUBLICATION):
        publication = Publication.ours()
        first = FirstStart.read(config())
        if first is not None and first.demo:
            found.append(DemoNote())
        else:
            if publication.set_up_at is None:
                found.append(SetupPanel())
            found.append(Checklist())
    return found


# ── what is wrong


class Troubles(Component):
    name = "troubles"
    order = 10
    template_name = "admin_home/troubles.html"

    def get_context_data(self, parent_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return {"troubles": troubles(config())}


class DemoNote(Component):
    name = "demo"
    order = 20
    template_name = "admin_home/demo.html"


# ── what is to be said of the publication


class LanguageInput(forms.TextInput):
    """Any language can be typed; the browser offers those that the interface speaks, by their own names."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        offered = f"offered-for-{name}"
        field = super().render(name, value, {**(attrs or {}), "list": offered, "autocapitalize": "none"}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', LANGUAGES)
        return format_html('{}<datalist id="{}">{}</datalist>', field, offered, options)


class SetupForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the publication"),
        max_length=LONGEST_NAME,
        help_text=gettext_lazy("In the nameplate, notices and mails."),
    )
    language = forms.CharField(
        label=gettext_lazy("Language of its articles"),
        max_length=12,
        widget=LanguageInput,
        help_text=format_lazy(
            gettext_lazy(
                "As in HTML: en, he, de, pt-BR … Right-to-left follows from it, and what Broadsheet itself says: it speaks"
                " {languages}, and English beside articles in any other."
            ),
            languages=", ".join(f"{name} ({tag})" for tag, name in LANGUAGES),
        ),
    )
    zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"), help_text=gettext_lazy("Times on pages, and the meter's months, go by it.")
    )
    editor = forms.EmailField(
        label=gettext_lazy("Your mail address"),
        required=False,
        help_text=gettext_lazy(
            "You sign in with it from now on, in place of the one that was made up at the first start."
        ),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        now = Publication.ours()
        kwargs.setdefault("initial", {"name": now.name, "language": now.language, "zone": now.zone})
        super().__init__(*args, **kwargs)
        zones = self.fields["zone"]
        assert isinstance(zones, forms.ChoiceField)
        zones.choices = [
            (zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"
        ]
        if not _is_made_up(user):
            del self.fields["editor"]

    def clean_language(self) -> str:
        try:
            return language_tag(self.cleaned_data["language"].strip())
        except ValueError:
            raise ValidationError(_("Write the language as HTML does: en, de, pt-BR or he.")) from None


def _is_made_up(user: User) -> bool:
    """Whether this is the first editor, still under the address the first start gave them."""
    first = FirstStart.read(config())
    return first is not None and first.editor == user.email and not config().editor and user.email.startswith("editor@")


class SetupPanel(Component):
    name = "setup"
    order = 20
    template_name = "admin_home/setup_panel.html"

    def get_context_data(self, parent_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        assert parent_context is not None
        request = parent_context["request"]
        return {"form": SetupForm(user=request.user), "request": request, "csrf_token": parent_context["csrf_token"]}


class _ForPublishers(WagtailAdminTemplateMixin, FormView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(PUBLICATION):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.page_title}]

    @property
    def _user(self) -> User:
        assert isinstance(self.request.user, User)  # dispatch() lets nobody else in
        return self.request.user


class Setup(_ForPublishers):
    form_class = SetupForm
    template_name = "admin_home/setup.html"
    page_title = gettext_lazy("Set up the publication")
    header_icon = "globe"

    def get_form_kwargs(self) -> dict[str, Any]:
        given = super().get_form_kwargs()
        given.pop("initial")  # the form knows what stands now
        return {**given, "user": self._user}

    def form_valid(self, form: SetupForm) -> HttpResponse:
        given = form.cleaned_data
        if not self._take_address(form):
            return self.form_invalid(form)
        publication = set_up(name=given["name"], language=given["language"], zone=given["zone"], by=self._user)
        messages.success(
            self.request,
            _("%(name)s it is. What to do next is below.") % {"name": publication.name},
            [messages.button("/", _("See the front page"))],
        )
        return redirect("wagtailadmin_home")

    def _take_address(self, form: SetupForm) -> bool:
        email = form.cleaned_data.get("editor", "").strip().lower()
        if not email or email == self._user.email:
            return True
        try:
            give_address(self._user, email)
        except AddressTaken:
            form.add_error("editor", _("Another account has this address."))
            return False
        first = FirstStart.read(config())
        if first is not None:
            FirstStart(email, first.demo).write(config())
        return True


# ── what to do next


@dataclass(frozen=True)
class Step:
    title: str
    why: str
    url: str
    is_done: bool


class Checklist(Component):
    name = "checklist"
    order = 30
    template_name = "admin_home/checklist.html"

    def get_context_data(self, parent_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        steps = list(next_steps())
        return {"steps": steps, "left": sum(not step.is_done for step in steps)}


def next_steps() -> Iterator[Step]:
    """Each is ticked by what is there, not by anybody's click."""
    publication = Publication.ours()
    front = FrontPage.objects.get()
    settings = reverse("wagtailsettings:edit", args=["newsroom", "publication"])
    section = Section.objects.filter(live=True).order_by("path").first()
    yield Step(
        _("Name it"),
        _("Name, language and time zone; a tagline and a sentence for search engines."),
        reverse("setup") if publication.set_up_at is None else settings,
        publication.set_up_at is not None,
    )
    yield Step(
        _("Open the first section"),
        _("News, Politics, Sport: where stories run. They make the menu."),
        reverse("wagtailadmin_pages:add", args=["newsroom", "section", front.pk]),
        section is not None,
    )
    yield Step(
        _("Publish the first story"),
        _("The front page fills itself with what is published."),
        reverse("wagtailadmin_pages:add", args=["newsroom", "article", section.pk])
        if section
        else reverse("wagtailadmin_explore", args=[front.pk]),
        Article.objects.filter(live=True).exists(),
    )
    yield Step(
        _("Let mail out"),
        _("Readers register with a code that comes by mail. Set EMAIL_URL, then send a test mail."),
        reverse("mail"),
        bool(config().email_url) and has_sent(config()) and last_failure(config()) is None,
    )
    yield Step(
        _("Give it a look"),
        _("Logo and icon, paper, a colour, letters."),
        settings + "#tab-look",
        bool(publication.dress or publication.logo_id or publication.icon_id),
    )
    yield Step(
        _("Set the meter"),
        _("How many articles are free, from which one readers are told, and the words of the wall."),
        reverse("wagtailsettings:edit", args=["meter", "metersettings"]),
        ModelLogEntry.objects.filter(content_type=ContentType.objects.get_for_model(MeterSettings)).exists(),
    )
    yield Step(
        _("Let readers give"),
        _("Who receives the money and how it is paid, what is suggested, and the words that ask."),
        reverse("wagtailsettings:edit", args=["giving", "givingsettings"]),
        offered().is_open,
    )
    yield Step(
        _("Say who you are"),
        _(
            "About, contact, privacy, masthead, how you work, corrections: begun as drafts, with gaps for what only you know."
        ),
        reverse("wagtailadmin_explore", args=[front.pk]),
        PlainPage.objects.filter(live=True).exists(),
    )


# ── mail


class TrialForm(forms.Form):
    to = forms.EmailField(label=gettext_lazy("Send it to"))


class Mail(_ForPublishers):
    """Where mail goes, and a test mail that says exactly what the mail server answered."""

    form_class = TrialForm
    template_name = "admin_home/mail.html"
    page_title = gettext_lazy("Test mail")
    header_icon = "mail"

    def get_initial(self) -> dict[str, Any]:
        return {"to": self._user.email}

    def form_valid(self, form: TrialForm) -> HttpResponse:
        mail = written(Letter("trial", form.cleaned_data["to"], gettext_lazy("A test mail from {publication}")))
        return self.render_to_response(
            self.get_context_data(form=form, trial=try_out(mail), to=form.cleaned_data["to"])
        )

    def get_context_data(self, *, trial: Trial | None = None, **kwargs: Any) -> dict[str, Any]:
        settings = config()
        server = urlsplit(settings.email_url)
        return super().get_context_data(
            trial=trial,
            goes_to=f"{server.scheme}://{server.hostname}{f':{server.port}' if server.port else ''}"
            if server.hostname
            else "",
            outbox=settings.outbox,
            waiting=sum(1 for _mail in settings.outbox.glob("*.eml")),
            sender=settings.email_from,
            failure=last_failure(settings),
            **kwargs,
        )
