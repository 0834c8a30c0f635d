"""What the admin shows of a picture beyond its fields."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.utils.translation import gettext as _

from broadsheet.newsroom.models import Picture
from broadsheet.newsroom.renditions import PrintedFile, Shape, fallback_width, renditions_of, shape_of, spec

register = template.Library()


@dataclass(frozen=True)
class Cut:
    """How a picture stands in one place; without a rendition, it cannot be made."""

    place: str
    rendition: PrintedFile | None


@register.filter
def cuts_of(picture: Picture) -> list[Cut]:
    """As readers see it, in the files they get."""
    files = renditions_of(picture)
    places = [(Shape.HERO, _("Above its story")), (Shape.CARD, _("In lists and on the front page"))]
    return [
        Cut(place, files.get(spec(fallback_width(picture, shape), "jpeg", shape)))
        for wanted, place in places
        for shape in [shape_of(picture, wanted)]
    ]
