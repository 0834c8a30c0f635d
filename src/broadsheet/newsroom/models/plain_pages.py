from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail.admin.panels import FieldPanel, HelpPanel, PublishingPanel, TitleFieldPanel
from wagtail.fields import RichTextField
from wagtail.models import Page, PageManager

from broadsheet.newsroom import addresses, guard, tags
from broadsheet.newsroom.acts.publish import CannotPublish
from broadsheet.newsroom.models.addresses import RESERVED_SLUGS, Addressed, FewQuerySet
from broadsheet.newsroom.models.publication import Publication
from broadsheet.newsroom.models.sections import Section
from broadsheet.newsroom.models.versions import ActName

# Reserved among our addresses for just these pages.
OWN_SLUGS = frozenset({"about", "contact", "privacy", "masthead", "corrections", "imprint", "terms"})

# Where a template asks the newsroom to say something: [[who owns the publication]]. With one left, nothing is published.
GAP = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)

# What a reader sees of one.
PUBLIC = ("live", "title", "slug", "body")


class PlainPageQuerySet(FewQuerySet):
    def in_order(self) -> PlainPageQuerySet:
        """The published ones as they stand in the footer: the order of the page tree."""
        tags.note(tags.PLAIN_PAGES)
        return self.as_they_stand().defer("body")


PlainPageManager = PageManager.from_queryset(PlainPageQuerySet)


class PlainPage(Addressed, tags.Tagged, Page):
    """What a publication says of itself: who it is, how to reach it, what it keeps of readers, by which rules it works."""

    tag_name = "plain-page"

    body = RichTextField(_("text"), features=["h2", "h3", "bold", "italic", "link", "ul", "ol"], blank=True)

    objects = PlainPageManager()

    template = "pages/plain.html"
    parent_page_types = ["newsroom.FrontPage"]
    subpage_types = []
    content_panels = [
        HelpPanel(template="newsroom/admin/plain_page_help.html"),
        TitleFieldPanel("title", heading=_("Title")),
        FieldPanel("body"),
    ]
    promote_panels = [
        FieldPanel("slug", help_text=_("The address. The old one is redirected when it changes.")),
        FieldPanel("search_description", help_text=_("One sentence, for search engines.")),
    ]
    settings_panels = [PublishingPanel()]

    class Meta:
        verbose_name = _("plain page")
        verbose_name_plural = _("plain pages")

    @property
    def gaps(self) -> list[str]:
        """What its template still asks the newsroom to say."""
        return [" ".join(strip_tags(gap).split()) for gap in GAP.findall(self.body)]

    def clean(self) -> None:
        super().clean()
        self._check_slug()

    def minimal_clean(self) -> None:
        super().minimal_clean()
        self._check_slug()

    def _check_slug(self) -> None:
        if self.slug.lower() in RESERVED_SLUGS - OWN_SLUGS:
            message = _("The address /%(slug)s/ has a meaning already: choose another.") % {"slug": self.slug}
            raise ValidationError({"slug": message})

    def tags_touched(self) -> Iterable[str]:
        return (self.tag, tags.PLAIN_PAGES)

    def get_preview_context(self, request: HttpRequest, mode_name: str) -> dict[str, Any]:
        return {
            **super().get_preview_context(request, mode_name),
            "plain_page": self,
            "publication": Publication.ours(),
            "menu": list(Section.objects.in_order()),
            "verdict": "e",
            "canonical_url": self.full_url,
        }

    # ── like an article, it changes for readers only inside an act

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            before = PlainPage.objects.filter(pk=self.pk).values(*PUBLIC, "url_path").first() if self.pk else None
            was_live = before is not None and before["live"]
            written = kwargs.get("update_fields")
            changes = [
                name
                for name in PUBLIC
                if (before is None or before[name] != getattr(self, name)) and (written is None or name in written)
            ]
            if changes and (self.live or was_live):
                if guard.act_under_way() is None:
                    raise guard.UnrecordedChange(f"“{self.title}” would change outside an act: {', '.join(changes)}.")
                if self.live:
                    self._refuse_gaps()
            super().save(*args, **kwargs)
            if before is not None and was_live and self.live and before["url_path"] != self.url_path:
                addresses.redirect(before["url_path"], self)

    def _refuse_gaps(self) -> None:
        gaps = self.gaps
        if gaps:
            said = ngettext(
                "One place is still to be filled in: %(gaps)s.",
                "%(count)d places are still to be filled in: %(gaps)s.",
                len(gaps),
            ) % {"count": len(gaps), "gaps": "; ".join(gaps)}
            raise CannotPublish({"body": said})

    def publish(self, revision: Any, user: Any = None, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic(), guard.acting(ActName.PUBLISH, user):
            return super().publish(revision, user, *args, **kwargs)

    def unpublish(
        self, set_expired: bool = False, commit: bool = True, user: Any = None, log_action: Any = True
    ) -> Any:
        with transaction.atomic(), guard.acting(ActName.UNPUBLISH, user):
            return super().unpublish(set_expired, commit, user, log_action)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic(), guard.acting(ActName.UNPUBLISH, kwargs.get("user")):
            return super().delete(*args, **kwargs)

    def copy(self, *args: Any, **kwargs: Any) -> Page:
        """A copy is a draft: whoever wants it public publishes it."""
        return super().copy(*args, **{**kwargs, "keep_live": False})
