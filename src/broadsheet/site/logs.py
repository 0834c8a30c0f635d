"""How every process of ours writes its log: one line an event, in words or (BROADSHEET_LOG=json) as JSON.

Knows neither Django nor the gate: the supervisor uses it directly, the gate and the site by Granian's `--log-config`,
the worker and the commands by Django's LOGGING. Nothing that identifies a reader or opens a door leaves by it.
"""

from __future__ import annotations

import json
import logging
import logging.config
import re
from datetime import UTC, datetime
from typing import Any

from broadsheet.config import Config

ACCESS_LOGGER = "granian.access"
# Method, path, status, duration. Neither the address, nor the query, nor any header: those are the reader's.
ACCESS_FORMAT = "%(method)s %(path)s %(status)d %(dt_ms).1f ms"

_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+")
_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+]*://[^\s:/@]*):[^\s@]+@", re.IGNORECASE)
_NEWLINES = {ord("\n"): "\\n", ord("\r"): "\\r", ord("\u2028"): "\\u2028", ord("\x1b"): "\\x1b"}
_ACCESS_FIELDS = {"method": "method", "path": "path", "status": "status", "dt_ms": "ms"}


def logging_config(config: Config) -> dict[str, Any]:
    """For `logging.config.dictConfig`, and for Granian as JSON."""
    formatter = "JsonLine" if config.log_format == "json" else "Line"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"event": {"()": f"broadsheet.site.logs.{formatter}"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django.request": {"level": "ERROR"},
            # A line for every page saved and every task that went well says nothing to whoever reads the log.
            "wagtail": {"level": "WARNING"},
            "django_tasks": {"level": "WARNING"},
            "_granian": {"level": "ERROR"},
            ACCESS_LOGGER: {"level": "INFO"},
        },
    }


def configure(config: Config) -> None:
    logging.config.dictConfig(logging_config(config))


class Line(logging.Formatter):
    """`2019-10-12 09:30:01,123 ERROR broadsheet.gate.app: what happened`; a traceback is on the same line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = _moment(record)
        at = f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d}"
        words = f"{at} {record.levelname} {record.name}: {record.getMessage()}"
        if fault := _traceback(record):
            words = f"{words} | {fault}"
        return _clean(words)


class JsonLine(logging.Formatter):
    """`{"at": …, "level": …, "logger": …, "event": …}`, with `traceback`; of an access line its fields."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "at": _moment(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "event": _clean(record.getMessage()),
        }
        if record.name == ACCESS_LOGGER and isinstance(record.args, dict):
            event["event"] = "request"
            event |= {ours: record.args[theirs] for theirs, ours in _ACCESS_FIELDS.items() if theirs in record.args}
            event["path"] = _redacted(str(event.get("path", "")))
        if fault := _traceback(record):
            event["traceback"] = _redacted(fault)
        return json.dumps(event, ensure_ascii=False, default=str)


def _moment(record: logging.LogRecord) -> datetime:
    """The machine's clock, not ours: the log is read beside those of others."""
    return datetime.fromtimestamp(record.created, UTC)


def _traceback(record: logging.LogRecord) -> str:
    if record.exc_info and record.exc_info[0] is not None:
        return logging.Formatter().formatException(record.exc_info)
    return record.exc_text or ""


def _clean(text: str) -> str:
    """One line, whatever a path or an error from outside holds."""
    return _redacted(text).translate(_NEWLINES)


def _redacted(text: str) -> str:
    """Databases and mail servers name addresses in their errors, and settings carry passwords."""
    return _ADDRESS.sub("(address)", _PASSWORD.sub(r"\1:(password)@", text))
