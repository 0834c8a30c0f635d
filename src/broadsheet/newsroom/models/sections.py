from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, TitleFieldPanel
from wagtail.models import Page, PageManager

from broadsheet.newsroom import addresses, tags
from broadsheet.newsroom.models.addresses import RESERVED_SLUGS, Addressed, FewQuerySet
from broadsheet.newsroom.models.called import called


class SectionQuerySet(FewQuerySet):
    def in_order(self) -> SectionQuerySet:
        """As they stand in the menu: the order of the page tree."""
        tags.note(tags.SECTIONS)
        return self.as_they_stand()


SectionManager = PageManager.from_queryset(SectionQuerySet)


@called(_("sections"), description=_("description"))
class Section(Addressed, tags.Tagged, Page):
    """Where a story runs. Articles hang below it; its slug is the first part of their addresses."""

    tag_name = "section"

    # Under a name of its own, so that an article can have a `section`.
    page_ptr = models.OneToOneField(Page, parent_link=True, on_delete=models.CASCADE, related_name="as_section")
    description = models.CharField(max_length=300, blank=True, help_text=_("One sentence: what is to be found here."))

    objects = SectionManager()

    parent_page_types = ["newsroom.FrontPage"]
    subpage_types = ["newsroom.Article"]
    content_panels = [
        TitleFieldPanel("title", heading=_("Name"), placeholder=_("Name"), help_text=_("As it stands in the menu.")),
        FieldPanel("description"),
    ]
    promote_panels = [
        FieldPanel(
            "slug",
            help_text=_("Changing it changes the address of every story in the section; old ones are redirected."),
        )
    ]
    settings_panels = []
    preview_modes = []

    class Meta:
        verbose_name = _("section")

    @property
    def name(self) -> str:
        return self.title

    def clean(self) -> None:
        super().clean()
        check_slug(self.slug)

    def minimal_clean(self) -> None:
        super().minimal_clean()
        check_slug(self.slug)

    def tags_touched(self) -> Iterable[str]:
        return (self.tag, tags.SECTIONS)

    def save(self, *args: Any, **kwargs: Any) -> None:
        check_slug(self.slug)  # also where an importer saves without cleaning
        with transaction.atomic():
            moved = self._articles_by_old_address()
            super().save(*args, **kwargs)
            if moved and self.url_path != moved[-1][0]:
                addresses.redirect_all(moved)

    def _articles_by_old_address(self) -> list[tuple[str, int]]:
        """Where the published articles and, last, the section itself are now, if it is about to be called otherwise."""
        if self.pk is None:
            return []
        before = Section.objects.filter(pk=self.pk, live=True).exclude(slug=self.slug).values_list("url_path", "pk")
        return [*self.articles.filter(live=True).values_list("url_path", "pk"), *before] if before else []


def check_slug(slug: str) -> None:
    """Raises ValidationError for a section's slug that is an address of ours."""
    if slug.lower() in RESERVED_SLUGS:
        raise ValidationError(
            {
                "slug": _("A section cannot be called “%(slug)s”: the address /%(slug)s/ has a meaning already.")
                % {"slug": slug}
            }
        )
