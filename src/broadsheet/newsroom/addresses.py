"""Addresses that moved: the old one leads to where the page is now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wagtail.contrib.redirects.models import Redirect

from broadsheet.newsroom.models.addresses import address_in_tree

if TYPE_CHECKING:
    from wagtail.models import Page


def redirect(old_url_path: str, page: Page) -> None:
    """Lead from where `page` was to the page, wherever it goes later: a redirect names the page, so chains do not form."""
    redirect_all([(old_url_path, page.pk)])


def redirect_all(moved: Iterable[tuple[str, int]]) -> None:
    """`moved`: old place in the tree, id of the page."""
    leads = {Redirect.normalise_path(address_in_tree(old)): page_id for old, page_id in moved}
    Redirect.objects.filter(old_path__in=leads, automatically_created=True).delete()
    Redirect.objects.bulk_create(
        [
            Redirect(old_path=path, redirect_page_id=page_id, is_permanent=True, automatically_created=True)
            for path, page_id in leads.items()
        ],
        ignore_conflicts=True,  # an editor's own redirect of that address stands
    )
