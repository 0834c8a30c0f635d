"""The form of an article: what would be refused is said beside the field, before anything is saved."""

from __future__ import annotations

from typing import Any

from wagtail.admin.forms import WagtailAdminPageForm

from broadsheet.newsroom.acts import publish as publishing


class ArticleForm(WagtailAdminPageForm):
    def clean_title(self) -> str:
        """One line, however it was typed or pasted."""
        return " ".join(self.cleaned_data["title"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "action-publish" in self.data and not self.errors:
            self._check_publishing()
        return cleaned

    def _check_publishing(self) -> None:
        """Asked of the instance the form has filled in, which is not saved yet: pressing “publish” saves it as this person."""
        article = self.instance
        for name in ("change", "change_note", "embargo_until", "go_live_at", "picture", "body"):
            if name in self.cleaned_data:
                setattr(article, name, self.cleaned_data[name])
        if article.section_id is None and self.parent_page is not None:
            article.section_id = self.parent_page.pk
        if self.cleaned_data.get("title"):
            article.title = self.cleaned_data["title"]
        if self.cleaned_data.get("slug"):
            article.slug = self.cleaned_data["slug"]
        try:
            publishing.check(article, self.for_user, saved_by=self.for_user.pk if self.for_user else None)
        except publishing.CannotPublish as refusal:
            for field, sentence in refusal.faults.items():
                self.add_error(field if field in self.fields else None, sentence)
