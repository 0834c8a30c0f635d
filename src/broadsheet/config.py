"""Settings, read once from the environment and a `.env` file; refused when wrong, all faults at once."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from zoneinfo import available_timezones

Network = IPv4Network | IPv6Network

LONGEST_NAME = 80
LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,4}){0,2}")  # at most twelve characters, as the database keeps
_MAIL_ADDRESS = re.compile(r"[^@\s,;<>()\"]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")

SHORTEST_TOKEN = 20

SITE_SOCKET = "BROADSHEET_SITE_SOCKET"  # by the supervisor to each gate: where the site of its own release answers


class BadSetting(ValueError):
    """One or more settings that cannot be used; the message has a line for each."""


@dataclass(frozen=True)
class Setting:
    """An environment variable: how it is read and what it means, in words for `--help` and the documentation."""

    variable: str
    default: str
    help: str


# Keyed by the field of Config each one fills.
SETTINGS: dict[str, Setting] = {
    "data": Setting("BROADSHEET_DATA", "./data", "Folder for everything Broadsheet keeps."),
    "bind": Setting("BROADSHEET_BIND", "127.0.0.1:8000", "Address and port the server listens on."),
    "workers": Setting("BROADSHEET_WORKERS", "1", "Gate processes; each serves some 10,000 article views a second."),
    "base_url": Setting("BROADSHEET_BASE_URL", "", "Address readers use; default http:// and BROADSHEET_BIND. Its host is the only one answered."),
    "secret_key": Setting("SECRET_KEY", "", "Made and kept in the data folder if absent."),
    "database_url": Setting("DATABASE_URL", "", "postgres://user:password@host:port/name; default SQLite in the data folder."),
    "email_url": Setting("EMAIL_URL", "", "smtp://user:password@host:port (smtps:// for TLS, smtp+tls:// for STARTTLS); default files in data/outbox/."),
    "email_from": Setting("BROADSHEET_EMAIL_FROM", "", "Sender of the publication's mail; default news@ and the base URL's host."),
    "demo": Setting("BROADSHEET_DEMO", "1", "0 starts an empty publication."),
    "name": Setting("BROADSHEET_NAME", "", "What an empty publication is called; first start only, later in the newsroom."),
    "language": Setting("BROADSHEET_LANGUAGE", "", "Its language, such as en, de, pt-BR, he; first start only."),
    "zone": Setting("BROADSHEET_ZONE", "", "Its time zone, such as Europe/Berlin; first start only."),
    "editor": Setting("BROADSHEET_EDITOR", "", "Mail address of the first editor; first start only; default editor@ and the base URL's host."),
    "payments": Setting("PAYMENTS", "", "Payment providers, comma-separated, the first offered first: stripe, manual (bank transfer, cheque, cash), fake (nothing is paid; to try things out). Default manual, in the demo fake."),
    "stripe_key": Setting("STRIPE_KEY", "", "Secret or restricted key of the Stripe account, sk_… or rk_…"),
    "stripe_hook_secret": Setting("STRIPE_HOOK_SECRET", "", "Signing secret of the webhook endpoint /hooks/payments/stripe/, whsec_…"),
    "staff_second_factor": Setting("BROADSHEET_STAFF_SECOND_FACTOR", "", "required or optional: whether staff need a passkey or an authenticator app to open the newsroom; default required, optional in the demo."),
    "trusted_proxies": Setting("TRUSTED_PROXIES", "", "Networks, comma-separated, whose X-Forwarded-For and -Proto are believed; default nobody's."),
    "log_format": Setting("BROADSHEET_LOG", "line", "line or json: how events are written to standard error, one a line."),
    "log_access": Setting("BROADSHEET_LOG_ACCESS", "0", "1 writes a line for every request too: method, path, status, duration; nothing of the reader."),
    "metrics_token": Setting("METRICS_TOKEN", "", "Whoever sends it as Authorization: Bearer may read /metrics; at least 20 characters. Everybody else gets a 404."),
    "metrics_allow": Setting("METRICS_ALLOW", "", "Networks, comma-separated, that may read /metrics without a token; behind a proxy only together with TRUSTED_PROXIES."),
    "testing": Setting("BROADSHEET_TESTING", "0", "1 allows BROADSHEET_NOW."),
    "now": Setting("BROADSHEET_NOW", "", "Moment at which the clock starts (ISO 8601), for tests of month turns; needs BROADSHEET_TESTING=1."),
}  # fmt: skip


@dataclass(frozen=True)
class Config:
    data: Path
    bind: tuple[str, int]
    workers: int
    base_url: str
    secret_key: str
    database_url: str
    email_url: str
    email_from: str
    demo: bool
    name: str
    language: str
    zone: str
    editor: str
    payments: tuple[str, ...]
    stripe_key: str
    stripe_hook_secret: str
    staff_second_factor: str
    trusted_proxies: tuple[Network, ...]
    log_format: str
    log_access: bool
    metrics_token: str
    metrics_allow: tuple[Network, ...]
    testing: bool
    now: datetime | None

    @property
    def host(self) -> str:
        """The one Host answered, with its port where the base URL has one."""
        return urlsplit(self.base_url).netloc.lower()

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def ledger(self) -> Path:
        return self.data / "ledger"

    @property
    def pages(self) -> Path:
        return self.data / "pages"

    @property
    def log(self) -> Path:
        return self.data / "log"

    @property
    def media(self) -> Path:
        return self.data / "media"

    @property
    def outbox(self) -> Path:
        return self.data / "outbox"

    @property
    def keys(self) -> Path:
        return self.data / "keys"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def static(self) -> Path:
        return self.data / "static"

    @property
    def site_socket(self) -> Path:
        """A link to the socket of the site that serves."""
        return self.run / "site.sock"


def read(environ: Mapping[str, str], dotenv: Path | None = None) -> Config:
    """The settings of this environment; raises BadSetting naming every variable that is wrong."""
    given = {**(_dotenv(dotenv) if dotenv and dotenv.exists() else {}), **environ}
    values: dict[str, object] = {}
    faults = []
    for name, setting in SETTINGS.items():
        text = given.get(setting.variable, "").strip() or setting.default
        try:
            values[name] = READERS.get(name, str)(text)
        except ValueError as wrong:
            faults.append(f"{setting.variable}={text!r}: {wrong}")
    if values.get("now") is not None and not values.get("testing"):
        faults.append("BROADSHEET_NOW is only honoured together with BROADSHEET_TESTING=1.")
    if faults:
        raise BadSetting("\n".join(faults))
    host, port = cast(tuple[str, int], values["bind"])
    values["base_url"] = values["base_url"] or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    values["email_from"] = values["email_from"] or f"news@{urlsplit(str(values['base_url'])).hostname}"
    values["secret_key"] = values["secret_key"] or kept_secret(values["data"] / "keys" / "secret")  # type: ignore[operator]
    values["payments"] = values["payments"] or (("fake",) if values["demo"] else ("manual",))
    if "stripe" in cast(tuple[str, ...], values["payments"]):
        faults = [
            f"{SETTINGS[name].variable} is missing: PAYMENTS names stripe." for name in _OF_STRIPE if not values[name]
        ]
        if faults:
            raise BadSetting("\n".join(faults))
    values["staff_second_factor"] = values["staff_second_factor"] or ("optional" if values["demo"] else "required")
    assert set(values) == {field.name for field in fields(Config)}
    return Config(**values)  # type: ignore[arg-type]


@cache
def config() -> Config:
    """The settings of this process."""
    return read(os.environ, Path(".env"))


def _dotenv(file: Path) -> dict[str, str]:
    """KEY=value lines; `#` starts a comment line; values may be quoted."""
    pairs = {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        line = line.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise BadSetting(f"{file}, line {number}: {line!r} is not KEY=value.")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        pairs[key.strip()] = value
    return pairs


def publication_name(text: str) -> str:
    if len(text) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} characters")
    return text


def language_tag(text: str) -> str:
    """Empty, or a language as HTML names it."""
    if text and not _LANGUAGE.fullmatch(text):
        raise ValueError("give a language as HTML names it, such as en, de, pt-BR or he")
    return text


def zone_name(text: str) -> str:
    if text and text not in available_timezones():
        raise ValueError("give a time zone of the IANA list, such as Europe/Berlin or America/Sao_Paulo")
    return text


def mail_address(text: str) -> str:
    if text and (len(text) > LONGEST_ADDRESS or not _MAIL_ADDRESS.fullmatch(text)):
        raise ValueError("give a mail address, such as desk@news.example")
    return text.lower()


def _bind(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("give an address and a port, such as 127.0.0.1:8000")
    return host.strip("[]"), int(port)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise ValueError("give a whole number from 1 to 64")
    return int(text)


PROVIDERS = ("manual", "stripe", "fake")
_OF_STRIPE = ("stripe_key", "stripe_hook_secret")


def _payments(text: str) -> tuple[str, ...]:
    names = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if set(names) - set(PROVIDERS) or len(set(names)) < len(names):
        raise ValueError(f"give one or more of {', '.join(PROVIDERS)}, each once")
    return names


def _flag(text: str) -> bool:
    if text.lower() not in ("0", "1", "true", "false", "yes", "no"):
        raise ValueError("give 1 or 0")
    return text.lower() in ("1", "true", "yes")


def _requirement(text: str) -> str:
    if text not in ("", "required", "optional"):
        raise ValueError("give required or optional")
    return text


def _log_format(text: str) -> str:
    if text not in ("line", "json"):
        raise ValueError("give line or json")
    return text


def _token(text: str) -> str:
    if text and len(text) < SHORTEST_TOKEN:
        raise ValueError(f"give at least {SHORTEST_TOKEN} characters, hard to guess")
    return text


def _base_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError("give http:// or https:// and a host, without a path")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _one_of(*schemes: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text and urlsplit(text).scheme not in schemes:
            raise ValueError(f"it must begin with {', '.join(scheme + '://' for scheme in schemes)}")
        return text

    return check


READERS: dict[str, Callable[[str], object]] = {
    "data": lambda text: Path(text).expanduser().resolve(),
    "bind": _bind,
    "workers": _count,
    "base_url": _base_url,
    "database_url": _one_of("postgres", "postgresql"),
    "email_url": _one_of("smtp", "smtps", "smtp+tls"),
    "demo": _flag,
    "payments": _payments,
    "name": publication_name,
    "language": language_tag,
    "zone": zone_name,
    "editor": mail_address,
    "staff_second_factor": _requirement,
    "trusted_proxies": _networks,
    "log_format": _log_format,
    "log_access": _flag,
    "metrics_token": _token,
    "metrics_allow": _networks,
    "testing": _flag,
    "now": _moment,
}


def kept_secret(file: Path) -> str:
    """A secret of this installation, made at first use; two processes that start together agree on one."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.touch(0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # the other process was first: its secret stands
            os.link(draft, file)
        draft.unlink()
    secret = file.read_text().strip()
    if len(secret) < 32:
        raise BadSetting(
            f"{file} is too short to be a secret; delete it and start again (what it signed, such as sessions, ends)."
        )
    return secret
