"""Every template compiles, and none holds a script, style or handler: the site's policy refuses them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.template import TemplateSyntaxError
from django.template.loader import get_template

SOURCE = Path("src/broadsheet")

INLINE = [
    (re.compile(r"<style\b", re.IGNORECASE), "a <style> element"),
    (
        re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*\btype=.application/(?:ld\+)?json)", re.IGNORECASE),
        "an inline script",
    ),
    (re.compile(r"<[a-z][^<>]*\sstyle\s*=", re.IGNORECASE), "a style attribute"),
    (re.compile(r"<[a-z][^<>]*\son[a-z]+\s*=\s*[\"']", re.IGNORECASE), "an event handler attribute"),
    (re.compile(r"(?:href|src|action)\s*=\s*[\"']\s*javascript:", re.IGNORECASE), "a javascript: address"),
]


def main() -> int:
    django.setup()
    faults = [fault for file in sorted(SOURCE.rglob("templates/**/*")) if file.is_file() for fault in _faults(file)]
    print("\n".join(faults))
    return 1 if faults else 0


def _faults(file: Path) -> Iterator[str]:
    name = str(file).rpartition("/templates/")[2]
    try:
        template = get_template(name)
    except TemplateSyntaxError as wrong:
        yield f"{file}: {wrong}"
        return
    origin = Path(template.origin.name)  # type: ignore[attr-defined]
    if origin.resolve() != file.resolve():
        yield f"{file}: never used, {origin} is found before it"
    # A mail has no policy to keep to, and no style sheet it could ask for.
    if file.suffix not in (".html", ".svg") or "mail" in Path(name).parts or "email" in Path(name).parts:
        return
    text = _without_comments(file.read_text())
    for pattern, what in INLINE:
        if found := pattern.search(text):
            yield f"{file}:{text.count(chr(10), 0, found.start()) + 1}: {what}"


def _without_comments(text: str) -> str:
    """Template comments blanked out, their line ends kept so that line numbers stay true."""
    blank = lambda match: "\n" * match.group().count("\n")  # noqa: E731
    text = re.sub(r"{#.*?#}", "", text)
    return re.sub(r"{%\s*comment\b.*?{%\s*endcomment\s*%}", blank, text, flags=re.DOTALL)


if __name__ == "__main__":
    sys.exit(main())
