#!/usr/bin/env python3
"""Draw locator maps in the theme's colours from Natural Earth (public domain).

    tools/demo/locator_map.py maps.json --atlas DIR --fonts DIR --out DIR [--only NAME]

`--atlas` is the unpacked npm package `world-atlas` (TopoJSON of Natural Earth), `--fonts` holds the theme's WOFF2 cuts.
Needs Pillow, fontTools and brotli. A spec is a list of maps, positions as [longitude, latitude] in degrees:

    {"name": "java-sea", "centre": [110, -5], "width_km": 1700, "detail": "50m", "focus": ["Indonesia"],
     "places": [{"name": "Sampit", "at": [112.95, -2.53], "mark": "event", "side": "e"}],
     "waters": [{"name": "Java Sea", "at": [110, -5]}], "lands": [{"name": "Borneo", "at": [113.5, -0.6]}],
     "circle": {"at": [110, -4.6], "radius_km": 120}, "route": [[112.9, -2.9], [106.9, -6.0]], "globe": "nw"}

Each map becomes NAME.webp and NAME-dark.webp. The projection is Lambert's azimuthal equal-area round the centre, so
areas compare truly and the poles are ordinary places.
"""

from __future__ import annotations

import argparse
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from PIL import Image, ImageDraw, ImageFont

EARTH_KM = 6371.0
KM_PER_DEGREE = 111.2
WIDTH = 1600  # of the picture; text sizes below are in its pixels
SMOOTH = 2  # drawn this many times larger, then scaled down
RATIO = 1.5
BEYOND = 15  # degrees past the corners of the map from which shapes are still drawn

Point = tuple[float, float]
Placed = tuple[float, float, bool]
Ring = list[Point]
Spec = dict[str, Any]  # one map of the spec, or a part of one, as read from JSON


@dataclass(frozen=True)
class Palette:
    water: str
    land: str
    focus: str
    coast: str
    border: str
    grid: str
    ink: str
    soft: str
    sea: str
    mark: str
    halo: str


PALETTES = {
    "": Palette(
        water="#e9eeee",
        land="#fbfbf9",
        focus="#e3e1d8",
        coast="#a9b3b3",
        border="#b4b6ae",
        grid="#d3dcdc",
        ink="#14171a",
        soft="#5a6166",
        sea="#56707a",
        mark="#b4231a",
        halo="#fbfbf9",
    ),
    "-dark": Palette(
        water="#15191b",
        land="#262b2e",
        focus="#3b4145",
        coast="#566066",
        border="#545c61",
        grid="#232a2d",
        ink="#f1efea",
        soft="#b4b9bb",
        sea="#8fa6af",
        mark="#ff8a78",
        halo="#1b1f22",
    ),
}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("spec", type=Path)
    ask.add_argument("--atlas", type=Path, required=True)
    ask.add_argument("--fonts", type=Path, required=True)
    ask.add_argument("--out", type=Path, required=True)
    ask.add_argument("--only", action="append", help="draw just this map; may be given again")
    asked = ask.parse_args()
    faces, atlases = Faces(asked.fonts), dict[str, Atlas]()

    def atlas(detail: str) -> Atlas:
        if detail not in atlases:
            atlases[detail] = Atlas(asked.atlas / f"countries-{detail}.json")
        return atlases[detail]

    asked.out.mkdir(parents=True, exist_ok=True)
    for spec in json.loads(asked.spec.read_text()):
        if asked.only and spec["name"] not in asked.only:
            continue
        detail = spec.get("detail", "10m" if spec["width_km"] < 1600 else "50m")
        for dark, palette in PALETTES.items():
            image = Map(spec, atlas(detail), atlas("110m"), faces, palette).paint()
            image.save(asked.out / f"{spec['name']}{dark}.webp", quality=72, method=6)
        print(spec["name"], flush=True)


class Atlas:
    """Natural Earth countries as rings of (longitude, latitude), the lines two countries share, and the coasts."""

    def __init__(self, file: Path) -> None:
        topology = json.loads(file.read_text())
        (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
        self.arcs: list[Ring] = []
        for arc in topology["arcs"]:
            x = y = 0
            points = []
            for dx, dy in arc:
                x, y = x + dx, y + dy
                points.append((x * sx + tx, y * sy + ty))
            self.arcs.append(points)
        self.countries: dict[str, list[list[Ring]]] = {}
        uses: Counter[int] = Counter()
        for geometry in topology["objects"]["countries"]["geometries"]:
            shape = geometry.get("arcs", [])
            polygons = [shape] if geometry["type"] == "Polygon" else shape
            for arc in {a if a >= 0 else ~a for polygon in polygons for ring in polygon for a in ring}:
                uses[arc] += 1
            rings = [[self._ring(ring) for ring in polygon] for polygon in polygons]
            self.countries.setdefault(geometry["properties"]["name"], []).extend(rings)
        self.borders = [self.arcs[a] for a, n in uses.items() if n > 1]
        self.coasts = [self.arcs[a] for a, n in uses.items() if n == 1]

    def _ring(self, indexes: Iterable[int]) -> Ring:
        ring: Ring = []
        for i in indexes:
            arc = self.arcs[i] if i >= 0 else self.arcs[~i][::-1]
            ring.extend(arc[1:] if ring else arc)
        return ring


class Azimuthal:
    """Lambert's equal-area projection (for the small globe, the orthographic one) round a centre.

    Points farther from the centre than `reach` degrees are held at the rim.
    """

    def __init__(
        self, centre: Sequence[float], pixels_per_km: float, middle: Point, reach: float, globe: bool = False
    ) -> None:
        self.lon0, self.lat0 = map(radians, centre)
        self.scale, self.middle, self.globe = pixels_per_km, middle, globe
        self.rim = radians(reach)

    def __call__(self, point: Sequence[float]) -> Placed:
        """x, y, and whether the point lies within reach."""
        lon, lat = radians(point[0]) - self.lon0, radians(point[1])
        cosc = max(-1.0, min(1.0, sin(self.lat0) * sin(lat) + cos(self.lat0) * cos(lat) * cos(lon)))
        c = atan2(sqrt(max(0.0, 1 - cosc * cosc)), cosc)
        angle = atan2(cos(lat) * sin(lon), cos(self.lat0) * sin(lat) - sin(self.lat0) * cos(lat) * cos(lon))
        inside, c = c <= self.rim, min(c, self.rim)
        r = EARTH_KM * self.scale * (sin(c) if self.globe else 2 * sin(c / 2))
        return self.middle[0] + r * sin(angle), self.middle[1] - r * cos(angle), inside

    def reaches(self, line: Sequence[Point]) -> bool:
        """Whether some of a line is near; every eighth point is asked, for speed."""
        return any(self(point)[2] for point in (*line[::8], line[-1]))


class Faces:
    """The theme's fonts at any size and weight."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[tuple[str, int | None], bytes] = {}
        self.faces: dict[tuple[str, int | None, int], ImageFont.FreeTypeFont] = {}

    def __call__(self, name: str, size: int, weight: int | None = None) -> ImageFont.FreeTypeFont:
        if (name, weight) not in self.files:
            font = TTFont(self.folder / f"{name}.woff2")
            if weight and "fvar" in font:
                font = instantiateVariableFont(font, {"wght": weight})
            font.flavor, out = None, io.BytesIO()
            font.save(out)
            self.files[name, weight] = out.getvalue()
        key = (name, weight, size)
        if key not in self.faces:
            self.faces[key] = ImageFont.truetype(io.BytesIO(self.files[name, weight]), size)
        return self.faces[key]


class Map:
    """One map in one palette."""

    def __init__(self, spec: Spec, atlas: Atlas, world: Atlas, faces: Faces, palette: Palette) -> None:
        self.spec, self.atlas, self.world, self.faces, self.palette = spec, atlas, world, faces, palette
        self.width, self.height = WIDTH * SMOOTH, round(WIDTH / spec.get("ratio", RATIO)) * SMOOTH
        self.text_size = spec.get("text", 1.25)
        corner_km = hypot(spec["width_km"], spec["width_km"] * self.height / self.width) / 2
        reach = min(115.0, corner_km / KM_PER_DEGREE + BEYOND)
        middle = (self.width / 2, self.height / 2)
        self.project = Azimuthal(spec["centre"], self.width / spec["width_km"], middle, reach)
        self.image = Image.new("RGB", (self.width, self.height), palette.water)
        self.draw = ImageDraw.Draw(self.image)

    def paint(self) -> Image.Image:
        self._ground()
        if circle := self.spec.get("circle"):
            self._circle(circle)
        if route := self.spec.get("route"):
            self._dashes([self.project(point)[:2] for point in route])
        for label in self.spec.get("lands", ()):
            self._land(label)
        for label in self.spec.get("waters", ()):
            self._water(label)
        for place in self.spec.get("places", ()):
            self._place(place)
        if corner := self.spec.get("globe"):
            self._globe(corner)
        self._scale_bar()
        return self.image.resize((WIDTH, self.height // SMOOTH), Image.Resampling.LANCZOS)

    def _ground(self) -> None:
        km = self.spec["width_km"]
        step = next(step for step, wider in ((30, 7000), (10, 2500), (5, 900), (2, 300), (1, 0)) if km > wider)
        stroke(self.draw, self.project, graticule(step), self.palette.grid, px(1.6))
        focus = set(self.spec.get("focus", ()))
        if missing := focus - set(self.atlas.countries):
            raise SystemExit(f"{self.spec['name']}: no country {', '.join(missing)} in the atlas")
        for name, polygons in self.atlas.countries.items():
            if name not in focus:
                fill(self.draw, self.project, polygons, self.palette.land, self.palette.water)
        for name in sorted(focus):
            fill(self.draw, self.project, self.atlas.countries[name], self.palette.focus, self.palette.land)
        stroke(self.draw, self.project, self.atlas.borders, self.palette.border, px(2))
        stroke(self.draw, self.project, self.atlas.coasts, self.palette.coast, px(1.8))

    def _circle(self, circle: Spec) -> None:
        x, y, _ = self.project(circle["at"])
        r = circle["radius_km"] * self.project.scale
        veil = Image.new("RGBA", self.image.size, (0, 0, 0, 0))
        ring = ImageDraw.Draw(veil)
        ring.ellipse(
            (x - r, y - r, x + r, y + r), fill=self.palette.mark + "26", outline=self.palette.mark, width=px(3)
        )
        self.image.paste(Image.alpha_composite(self.image.convert("RGBA"), veil).convert("RGB"))

    def _dashes(self, points: Sequence[Point]) -> None:
        dash, gap, colour = px(14), px(11), self.palette.mark
        for (x1, y1), (x2, y2) in pairwise(points):
            length, at = hypot(x2 - x1, y2 - y1), 0.0
            while at < length:
                a, b = at / length, min(at + dash, length) / length
                line = (x1 + (x2 - x1) * a, y1 + (y2 - y1) * a, x1 + (x2 - x1) * b, y1 + (y2 - y1) * b)
                self.draw.line(line, fill=colour, width=px(4))
                at += dash + gap

    def _land(self, label: Spec) -> None:
        """Letter-spaced capitals, centred."""
        x, y, _ = self.project(label["at"])
        font = self.faces("libre-franklin-latin", px(label.get("size", 25) * self.text_size), 600)
        tracking = px(4.5)
        for line in label["name"].upper().split("\n"):
            widths = [self.draw.textlength(letter, font=font) + tracking for letter in line]
            at = x - (sum(widths) - tracking) / 2
            for letter, width in zip(line, widths, strict=True):
                self.draw.text((at, y), letter, font=font, fill=self.palette.soft, anchor="lm")
                at += width
            y += px(34 * self.text_size)

    def _water(self, label: Spec) -> None:
        x, y, _ = self.project(label["at"])
        font = self.faces("newsreader-text-italic-latin", px(label.get("size", 34) * self.text_size))
        self.draw.multiline_text(
            (x, y), label["name"], font=font, fill=self.palette.sea, anchor="mm", align="center", spacing=px(4)
        )

    def _place(self, place: Spec) -> None:
        x, y, _ = self.project(place["at"])
        event = place.get("mark") == "event"
        r = px((13 if event else 7.5) * self.text_size)
        if event:
            wide = r * 1.9
            self.draw.ellipse((x - wide, y - wide, x + wide, y + wide), outline=self.palette.mark, width=px(2.5))
        dot = self.palette.mark if event else self.palette.ink
        self.draw.ellipse((x - r, y - r, x + r, y + r), fill=dot, outline=self.palette.halo, width=px(3))
        size, weight = px((36 if event else 30) * self.text_size), 680 if event else 480
        away = r * (1.9 if event else 1) + px(10)
        dx, dy, anchor = {
            "e": (away, 0, "lm"),
            "w": (-away, 0, "rm"),
            "n": (0, -away, "ms"),
            "s": (0, away + px(4), "mt"),
            "ne": (away * 0.75, -away * 0.7, "lb"),
            "nw": (-away * 0.75, -away * 0.7, "rb"),
            "se": (away * 0.75, away * 0.7, "lt"),
            "sw": (-away * 0.75, away * 0.7, "rt"),
        }[place.get("side", "e")]
        self._name((x + dx, y + dy), place["name"], anchor, size, weight)

    def _name(self, at: Point, name: str, anchor: str, size: int, weight: int) -> None:
        """A name in the theme's two cuts: the Latin one, and the other for letters such as ń that it lacks."""
        runs = [
            ("".join(letters), self.faces("libre-franklin-latin" if latin else "libre-franklin-ext", size, weight))
            for latin, letters in groupby(name, key=lambda letter: letter < "Ā" or letter in "–—‘’“”…")
        ]
        widths = [self.draw.textlength(text, font=font) for text, font in runs]
        x = at[0] - {"l": 0.0, "m": sum(widths) / 2, "r": sum(widths)}[anchor[0]]
        for stroke_width, colour in (
            (px(4), self.palette.halo),
            (0, self.palette.ink),
        ):  # the halo of all, then the letters
            left = x
            for (text, font), width in zip(runs, widths, strict=True):
                self.draw.text(
                    (left, at[1]),
                    text,
                    font=font,
                    fill=colour,
                    anchor=f"l{anchor[1]}",
                    stroke_width=stroke_width,
                    stroke_fill=self.palette.halo,
                )
                left += width

    def _globe(self, corner: str) -> None:
        """A small globe with the map's frame on it, in a corner."""
        r, pad = px(118), px(40)
        x = pad + r if "w" in corner else self.width - pad - r
        y = pad + r if "n" in corner else self.height - pad - r
        lon, lat = self.spec["centre"]
        seen_from = (lon + 12, max(-60, min(60, lat * 0.8 + 6)))
        tilt = Azimuthal(seen_from, r / EARTH_KM, (x, y), reach=90, globe=True)
        draw = ImageDraw.Draw(self.image)
        draw.ellipse((x - r - px(9), y - r - px(9), x + r + px(9), y + r + px(9)), fill=self.palette.water)
        stroke(draw, tilt, graticule(30), self.palette.grid, px(1.2))
        for polygons in self.world.countries.values():
            fill(draw, tilt, polygons, self.palette.border, self.palette.water)
        draw.ellipse((x - r, y - r, x + r, y + r), outline=self.palette.coast, width=px(2.5))
        half_w = self.spec["width_km"] / 2
        half_h = half_w * self.height / self.width
        corners = ((-half_w, -half_h), (half_w, -half_h), (half_w, half_h), (-half_w, half_h))
        frame = [tilt(offset((lon, lat), east, north))[:2] for east, north in corners]
        draw.polygon(frame, outline=self.palette.mark, width=px(4))

    def _scale_bar(self) -> None:
        km = next(n for n in (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5) if n <= self.spec["width_km"] * 0.16)
        length, pad = km * self.project.scale, px(40)
        left = self.width - pad - length if self.spec.get("scale", "se") == "se" else pad
        y = self.height - pad
        self.draw.line((left, y, left + length, y), fill=self.palette.soft, width=px(3))
        for x in (left, left + length):
            self.draw.line((x, y - px(9), x, y), fill=self.palette.soft, width=px(3))
        self.draw.text(
            (left + length / 2, y - px(14)),
            f"{km:,} km".replace(",", "\u202f"),
            font=self.faces("libre-franklin-latin", px(27 * self.text_size), 480),
            fill=self.palette.soft,
            anchor="mb",
            stroke_width=px(3),
            stroke_fill=self.palette.water,
        )


def px(n: float) -> int:
    """Pixels of the finished picture, in pixels of the drawing."""
    return max(1, round(n * SMOOTH))


def graticule(step: int) -> Iterator[Ring]:
    for lon in range(-180, 180, step):
        yield [(lon, lat) for lat in range(-88, 89)]
    for lat in range(-90 + step, 90, step):
        yield [(lon, lat) for lon in range(-180, 181)]


def fill(draw: ImageDraw.ImageDraw, project: Azimuthal, polygons: list[list[Ring]], colour: str, hole: str) -> None:
    for rings in polygons:
        near = [[project(point) for point in ring] for ring in rings if project.reaches(ring)]
        near.sort(key=_area, reverse=True)  # the outer ring is the widest: round the pole it need not come first
        for number, ring in enumerate(near):
            draw.polygon([(x, y) for x, y, _ in ring], fill=hole if number else colour)


def _area(ring: Sequence[Placed]) -> float:
    xs, ys = [x for x, _, _ in ring], [y for _, y, _ in ring]
    return (max(xs) - min(xs)) * (max(ys) - min(ys))


def stroke(draw: ImageDraw.ImageDraw, project: Azimuthal, lines: Iterable[Ring], colour: str, width: int) -> None:
    for line in lines:
        if not project.reaches(line):
            continue
        run: list[Point] = []
        for point in line:
            x, y, inside = project(point)
            if inside:
                run.append((x, y))
                continue
            if len(run) > 1:
                draw.line(run, fill=colour, width=width, joint="curve")
            run = []
        if len(run) > 1:
            draw.line(run, fill=colour, width=width, joint="curve")


def offset(centre: Point, east_km: float, north_km: float) -> Point:
    """Longitude and latitude reached from `centre` on the map plane (the projection turned round)."""
    rho = hypot(east_km, north_km)
    if not rho:
        return centre
    c = 2 * asin(min(1.0, rho / (2 * EARTH_KM)))
    lon0, lat0 = map(radians, centre)
    lat = asin(cos(c) * sin(lat0) + north_km * sin(c) * cos(lat0) / rho)
    lon = lon0 + atan2(east_km * sin(c), rho * cos(lat0) * cos(c) - north_km * sin(lat0) * sin(c))
    return degrees(lon), degrees(lat)


if __name__ == "__main__":
    main()
