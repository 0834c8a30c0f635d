"""How a picture is written for pages: cut, made smaller, in the screen's colours, with its maker's name in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from PIL import Image
from wagtail.images.models import Filter

from broadsheet.newsroom import metadata

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Picture

QUALITY = {"avif": 50, "webp": 76, "jpeg": 80}

_OURS = re.compile(r"(?:width-\d+|fill-\d+x\d+|max-(?P<mount>\d+x\d+))\|format-(?P<kind>avif|webp|jpeg)")


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
            if found["mount"]:
                small = mounted(small, *map(int, found["mount"].split("x")))
            packet = metadata.xmp_of(image.credit, image.rights, image.licence)
            output.write(metadata.printed(small, found["kind"], QUALITY[found["kind"]], packet))
        output.seek(0)
        return Printed(output, found["kind"])


def mounted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """In the middle of a ground of this size, in the colour its edges have most of: a map's sea goes on."""
    plain = metadata.in_srgb(picture)
    edges = [plain.crop(box) for box in _edges(*plain.size)]
    colours: Counter[Any] = Counter()
    for edge in edges:
        colours.update(edge.get_flattened_data())
    ground = Image.new(plain.mode, (width, height), colours.most_common(1)[0][0])
    ground.paste(plain, ((width - plain.width) // 2, (height - plain.height) // 2))
    return ground


def _edges(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    yield from ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height))
