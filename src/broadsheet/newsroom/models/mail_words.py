from __future__ import annotations

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, HelpPanel, MultiFieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting


@register_setting(icon="mail", order=150)
class MailWords(BaseGenericSetting):
    """The publication's own words in the mails it sends; one row. What is empty is said in ours."""

    reply_to = models.EmailField(
        _("answers go to"),
        blank=True,
        help_text=_("Empty: to the address the mail comes from, which may be read by nobody."),
    )
    code_subject = models.CharField(
        _("subject"), max_length=120, blank=True, help_text=_("Instead of “Your code for …”. The code is never in it.")
    )
    code_opening = models.CharField(
        _("first line"),
        max_length=300,
        blank=True,
        help_text=_("Instead of “Here is your code for …”. The code follows, then how long it is good."),
    )
    closing = models.TextField(
        _("last lines"),
        max_length=600,
        blank=True,
        help_text=_("Below every mail: who you are, and where to write. Plain text."),
    )

    panels = [
        HelpPanel(template="newsroom/admin/mail_help.html"),
        FieldPanel("reply_to"),
        MultiFieldPanel(
            [FieldPanel("code_subject"), FieldPanel("code_opening")], _("The mail with the code to sign in or register")
        ),
        FieldPanel("closing", widget=forms.Textarea(attrs={"rows": 3})),
    ]

    class Meta:
        verbose_name = _("mails")
        verbose_name_plural = _("mails")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def ours(cls) -> MailWords:
        return cls.objects.order_by("pk").first() or cls()
