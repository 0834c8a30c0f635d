"""One line an event, whatever it holds; no address, no password."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from broadsheet.site.logs import ACCESS_LOGGER, JsonLine, Line


def record(
    words: str, *args: object, name: str = "broadsheet.gate.app", fault: Exception | None = None
) -> logging.LogRecord:
    info = None
    if fault is not None:
        try:
            raise fault
        except type(fault):
            info = sys.exc_info()
    return logging.LogRecord(name, logging.ERROR, __file__, 1, words, args, info)


HARMFUL = [
    ("Could not write to ada.reader+news@example.org", "ada.reader"),
    ("connect postgres://news:hunter2@db.example:5432/news failed", "hunter2"),
    ("smtp+tls://desk:p%40ss@mail.example", "p%40ss"),
]


@pytest.mark.parametrize("formatter", [Line(), JsonLine()])
@pytest.mark.parametrize(("words", "secret"), HARMFUL)
def test_addresses_and_passwords_stay_inside(formatter: logging.Formatter, words: str, secret: str) -> None:
    for event in (record(words), record("It failed.", fault=ValueError(words))):
        line = formatter.format(event)
        assert secret not in line
        assert "failed" in line or "(address)" in line or "(password)" in line


@pytest.mark.parametrize("formatter", [Line(), JsonLine()])
def test_an_event_is_one_line_even_with_a_traceback_or_a_forged_path(formatter: logging.Formatter) -> None:
    event = record("No page at %s", "/a\r\n2026-01-01 ERROR root: forged", fault=RuntimeError("two\nlines"))
    line = formatter.format(event)
    assert len(line.splitlines()) == 1
    assert "RuntimeError" in line and "forged" in line


def test_json_says_when_what_and_who() -> None:
    said = json.loads(JsonLine().format(record("Carried out %d purges", 3)))
    assert said["event"] == "Carried out 3 purges"
    assert said["level"] == "error" and said["logger"] == "broadsheet.gate.app"
    assert said["at"].endswith("+00:00")


def test_an_access_line_tells_nothing_of_the_reader() -> None:
    atoms = {
        "addr": "203.0.113.9",
        "method": "GET",
        "path": "/science/moon/",
        "query_string": "email=x",
        "status": 200,
        "dt_ms": 0.4,
    }
    event = logging.LogRecord(ACCESS_LOGGER, logging.INFO, __file__, 1, "%(method)s %(path)s", (atoms,), None)
    said = json.loads(JsonLine().format(event))
    assert {"method", "path", "status", "ms"} <= said.keys()
    assert "203.0.113.9" not in json.dumps(said) and "email" not in json.dumps(said)


@pytest.mark.parametrize("formatter", [Line(), JsonLine()])
def test_an_address_in_a_path_stays_inside(formatter: logging.Formatter) -> None:
    atoms = {"method": "GET", "path": "/ada.reader@example.org/", "status": 404, "dt_ms": 0.4}
    event = logging.LogRecord(ACCESS_LOGGER, logging.INFO, __file__, 1, "%(method)s %(path)s", (atoms,), None)
    assert "ada.reader" not in formatter.format(event)
