"""Every word of the interface can be translated, and is: no plain text in templates, no bare string where Django shows one,
and catalogues that have each message once, finished.

`--write` brings the catalogues up to date first: new messages are added, those that are gone are removed.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree, ignore_patterns

import wagtail.admin
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.template.base import Lexer, TokenType

from broadsheet.site.catalogues import WAGTAILS_NAMES

SOURCE = Path("src/broadsheet")
CATALOGUES = SOURCE / "locale"

# Names of things, the same in every language
NAMES = re.compile(
    r"\b(?:Broadsheet|RSS|Atom|JSON|Feed|HTML|URL|Facebook|Mastodon|Bluesky|WhatsApp|Telegram|X|Wagtail|IBAN|BIC|PDF)\b"
)
OUR_ADDRESSES = re.compile(r"(?<!\w)/(?:[a-z-]*/)+")
SHOWN_ATTRIBUTES = frozenset({"aria-label", "aria-description", "title", "placeholder", "alt", "label"})
SHOWN_ARGUMENTS = frozenset(
    {"verbose_name", "verbose_name_plural", "help_text", "label", "heading", "header", "menu_label", "placeholder"}
)
SHOWN_NAMES = frozenset({*SHOWN_ARGUMENTS, "page_title", "header_title", "page_subtitle", "empty_label"})
# Fields of relations and of the admin's search index: what comes first is a model or an attribute
UNNAMED_FIELDS = frozenset(
    {"OneToOneField", "ManyToManyField", "ParentalManyToManyField", "SearchField", "AutocompleteField", "FilterField"}
)
SAID = frozenset({"ValidationError", "success", "warning", "error", "info"})
# Read by the operator in a terminal or a log, in English: the same words as in docs/
OPERATORS = {
    "cli",
    "doctor",
    "setup",
    "start",
    "serve",
    "first_start",
    "backup",
    "restore",
    "reload",
    "worker",
    "locks",
}


def main() -> int:
    if "--write" in sys.argv:
        for catalogue in sorted(CATALOGUES.glob("*/LC_MESSAGES/django.po")):
            catalogue.write_text(_brought_up_to_date(catalogue))
    faults = [
        *(fault for file in _sources("templates/**/*") for fault in _plain_text(file)),
        *(fault for file in _sources("*.py") for fault in _bare_strings(file)),
        *(fault for file in sorted(CATALOGUES.glob("*/LC_MESSAGES/*.po")) for fault in _unfinished(file)),
    ]
    print("\n".join(faults))
    return 1 if faults else 0


def _sources(pattern: str) -> Iterator[Path]:
    for file in sorted(SOURCE.rglob(pattern)):
        if file.is_file() and "migrations" not in file.parts and "__pycache__" not in file.parts:
            yield file


# ── templates


class _Text(HTMLParser):
    """What a reader of a page is shown or told, with its line."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._unshown = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "code", "kbd", "mj-style", "mj-font", "svg"):
            self._unshown += 1
        self.found += [(self.getpos()[0], value or "") for name, value in attributes if name in SHOWN_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "code", "kbd", "mj-style", "mj-font", "svg"):
            self._unshown -= 1

    def handle_data(self, data: str) -> None:
        if not self._unshown:
            self.found += [(self.getpos()[0] + line, text) for line, text in enumerate(data.split("\n"))]


def _plain_text(file: Path) -> Iterator[str]:
    if file.suffix not in (".html", ".txt", ".mjml"):
        return
    text = _without_marked(file.read_text())
    if file.suffix == ".txt":
        found = list(enumerate(text.split("\n"), 1))
    else:
        parser = _Text()
        parser.feed(text)
        found = parser.found
    for line, shown in found:
        if re.search(r"[^\W\d_]{2}", NAMES.sub("", OUR_ADDRESSES.sub("", shown))):
            yield f"{file}:{line}: “{' '.join(shown.split())[:60]}” cannot be translated"


def _without_marked(template: str) -> str:
    """The template without its tags, and without the text that is marked for translation; line ends stay."""
    plain, skipped_until = "", ""
    for token in Lexer(template).tokenize():
        name = token.contents.split(" ")[0] if token.token_type is TokenType.BLOCK else ""
        if token.token_type is TokenType.TEXT and not skipped_until:
            plain += token.contents
        elif token.token_type is TokenType.TEXT:
            plain += "\n" * token.contents.count("\n")
        elif name in ("blocktranslate", "blocktrans", "comment") or token.contents == "block kind":  # a class
            skipped_until = f"end{name}"
        elif name == skipped_until:
            skipped_until = ""
    return plain


# ── Python


def _bare_strings(file: Path) -> Iterator[str]:
    if file.stem in OPERATORS and file.parent.name == "site":
        return
    for node in ast.walk(ast.parse(file.read_text())):
        for shown in _shown(node):
            text = _literal(shown)
            if text and re.search(r"[^\W\d_]{2}", NAMES.sub("", text)):
                yield f"{file}:{shown.lineno}: “{text[:60]}” cannot be translated"


def _shown(node: ast.AST) -> Iterator[ast.expr]:
    """What Django or Wagtail will show somebody."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        yield from (keyword.value for keyword in node.keywords if keyword.arg in SHOWN_ARGUMENTS)
        if name in SAID and _is_message(node):
            yield from node.args
        elif name.endswith("Field") and name not in UNNAMED_FIELDS and node.args:
            yield node.args[0]
    elif isinstance(node, ast.ClassDef):
        bases = {getattr(base, "attr", getattr(base, "id", "")) for base in node.bases}
        if "AppConfig" in bases:  # its label is a name in code
            return
        is_choice = any(base.endswith("Choices") for base in bases)
        for statement in node.body:
            if isinstance(statement, ast.Assign) and isinstance(target := statement.targets[0], ast.Name):
                if target.id in SHOWN_NAMES:
                    yield statement.value
                elif is_choice and isinstance(statement.value, ast.Tuple):
                    yield statement.value.elts[-1]


def _is_message(call: ast.Call) -> bool:
    """`messages.success(…)` and `ValidationError(…)`, not `log.warning(…)`."""
    return isinstance(call.func, ast.Name) or getattr(getattr(call.func, "value", None), "id", "") == "messages"


def _literal(shown: ast.expr) -> str:
    """The text of a plain string, or the fixed parts of an f-string; a call, such as that of gettext, has none."""
    if isinstance(shown, ast.Constant) and isinstance(shown.value, str):
        return shown.value
    if isinstance(shown, ast.JoinedStr):
        return "".join(part.value for part in shown.values if isinstance(part, ast.Constant))
    if isinstance(shown, ast.BinOp):
        return _literal(shown.left) + _literal(shown.right)
    return ""


# ── catalogues


def _unfinished(file: Path) -> Iterator[str]:
    catalogue = _read(file)
    if file.stem == "djangojs":
        yield from _unsaid_by_script(file, catalogue)
    elif _brought_up_to_date(file) != file.read_text():
        yield f"{file}: does not have the messages of the sources; run script/messages"
    for message in catalogue:
        if not message.id:
            continue
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        said = message.id if isinstance(message.id, str) else message.id[0]
        if message.fuzzy:
            yield f"{file}:{message.lineno}: “{said[:60]}” is marked fuzzy: see whether it is right"
        elif not all(texts):
            yield f"{file}:{message.lineno}: “{said[:60]}” is not translated"
        for text in filter(None, texts):
            if unknown := _placeholders(text) - _allowed(message.id):
                yield f"{file}:{message.lineno}: “{said[:60]}” does not know {', '.join(sorted(unknown))}"
    compiled = subprocess.run(["msgfmt", "--check", "-o", os.devnull, file], capture_output=True, text=True)
    yield from compiled.stderr.splitlines() if compiled.returncode else []


def _unsaid_by_script(file: Path, catalogue: Catalog) -> Iterator[str]:
    """We have no words of our own in scripts; Wagtail's admin has, and where it does not translate them we do."""
    locales = Path(wagtail.admin.__file__).parent / "locale"
    language = WAGTAILS_NAMES.get(file.parts[-3], file.parts[-3])
    theirs = {message.id for message in _read(locales / language / "LC_MESSAGES/djangojs.po") if _has_words(message)}
    ours = {message.id for message in catalogue if message.id}
    asked = {message.id for message in _read(locales / "en/LC_MESSAGES/djangojs.po") if message.id} - theirs
    for missing in sorted(asked - ours, key=str):
        yield f"{file}: “{missing}” of Wagtail's scripts is missing"
    for left in sorted(ours - asked, key=str):
        yield f"{file}: “{left}” is said by no script of Wagtail's, or translated by Wagtail now"


def _has_words(message: Message) -> bool:
    return bool(message.id) and all([message.string] if isinstance(message.string, str) else message.string)


def _read(file: Path) -> Catalog:
    with file.open("rb") as words:
        return read_po(words)


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sd]|\{\w+\}", text))


def _allowed(id_: str | tuple[str, ...]) -> set[str]:
    return set().union(*map(_placeholders, [id_] if isinstance(id_, str) else id_))


def _brought_up_to_date(catalogue: Path) -> str:
    """The catalogue with the messages that the sources hold now, as gettext's own tools and Django find them."""
    language = catalogue.parts[-3]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "broadsheet"
        copytree(SOURCE, copy, ignore=ignore_patterns("static", "__pycache__", "migrations"))
        command = f"makemessages -l {language} -e html,txt,mjml,py --no-wrap --no-obsolete --add-location file"
        subprocess.run(
            [sys.executable, "-m", "django", *command.split()],
            cwd=copy,
            check=True,
            capture_output=True,
            env=os.environ | {"PYTHONPATH": str(SOURCE.parent.resolve())},
        )
        text = (copy / catalogue.relative_to(SOURCE)).read_text()
    return re.sub(r'^"POT-Creation-Date: .*\n', "", text, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
