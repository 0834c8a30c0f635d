"""How a picture is written for pages: cut, made smaller, in the screen's colours, with its maker's name in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from wagtail.images.models import Filter

from broadsheet.newsroom import metadata

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Picture

QUALITY = {"avif": 50, "webp": 76, "jpeg": 80}

_OURS = re.compile(r"(?:width-\d+|fill-\d+x\d+)\|format-(avif|webp|jpeg)")


@dataclass(frozen=True)
class Printed:
    """What Wagtail asks of a picture it has had made."""

    f: IO[bytes]
    format_name: str


class PrintedFilter(Filter):
    @staticmethod
    def takes(spec: str) -> bool:
        return _OURS.fullmatch(spec) is not None

    def run(self, image: Picture, output: IO[bytes], source: Any = None) -> Printed:
        found = _OURS.fullmatch(self.spec)
        assert found is not None
        with self.get_willow_image(image, source) as opened:
            upright = opened.auto_orient()
            transform = self.get_transform(image, (upright.image.width, upright.image.height))
            small = upright.crop(transform.get_rect().round()).resize(transform.size).get_pillow_image()
            packet = metadata.xmp_of(image.credit, image.rights, image.licence)
            output.write(metadata.printed(small, found[1], QUALITY[found[1]], packet))
        output.seek(0)
        return Printed(output, found[1])
