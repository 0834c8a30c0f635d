"""A reader's browser without the window: one cookie jar, real sockets, and the bytes as they came."""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

import brotli

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Form:
    """A form of a page, with the values it would send untouched."""

    action: str
    method: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    url: str
    status: int
    headers: Headers
    body: bytes  # as sent, still encoded

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next(iter(self.all_headers(name)), None)

    def all_headers(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @cached_property
    def content(self) -> bytes:
        """The body without its encoding. Whatever follows the end of the encoded stream is an error."""
        encoding = self.header("Content-Encoding") or "identity"
        if not self.body or encoding == "identity":
            return self.body
        if encoding == "gzip":
            return gzip.decompress(self.body)
        if encoding == "br":
            return brotli.decompress(self.body)
        raise AssertionError(f"an encoding nobody asked for: {encoding}")

    @cached_property
    def text(self) -> str:
        return self.content.decode()

    @cached_property
    def forms(self) -> list[Form]:
        reader = _Forms(self.url)
        reader.feed(self.text)
        return reader.forms

    def form(self, *, action: str = "", having: str = "") -> Form:
        """The first form whose action ends with `action` and that has a field called `having`."""
        for form in self.forms:
            if urlsplit(form.action).path.endswith(action) and (not having or having in form.fields):
                return form
        raise AssertionError(f"no form to {action or 'anywhere'} with {having or 'any field'} on {self.url}")


@dataclass
class Client:
    """One browser. `cookies` is its jar; `encodings` what it says it accepts."""

    base_url: str
    encodings: str = "gzip, br"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    timeout_s: float = 30

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, follow: bool = True) -> Answer:
        return self._followed(self.request("GET", path, headers=headers), follow)

    def head(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("HEAD", path, headers=headers)

    def post(
        self,
        path: str,
        fields: Mapping[str, str] | Iterable[tuple[str, str]],
        headers: Mapping[str, str] | None = None,
        *,
        follow: bool = True,
    ) -> Answer:
        """Send a form, as a browser on our own pages would."""
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        own = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.base_url,
            "Referer": self.base_url + "/",
            "Sec-Fetch-Site": "same-origin",
        }
        body = urlencode(pairs).encode()
        return self._followed(self.request("POST", path, headers={**own, **(headers or {})}, body=body), follow)

    def submit(self, form: Form, fields: Mapping[str, str], *, follow: bool = True) -> Answer:
        """Fill in a form found on a page and send it."""
        filled = {**form.fields, **fields}
        if form.method == "get":
            return self.get(f"{form.action}?{urlencode(filled)}", follow=follow)
        return self.post(form.action, filled, {"Referer": form.action}, follow=follow)

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request, one answer; the jar is sent and filled."""
        url = urljoin(self.base_url + "/", path)
        parts = urlsplit(url)
        sent = {
            "Accept-Encoding": self.encodings,
            "User-Agent": "Mozilla/5.0 (test)",
            **self.headers,
            **(headers or {}),
        }
        if self.cookies and "Cookie" not in sent:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.timeout_s)
        try:
            connection.request(method, target, body=body, headers={k: v for k, v in sent.items() if v is not None})
            response = connection.getresponse()
            answer = Answer(url, response.status, response.getheaders(), response.read())
        finally:
            connection.close()
        self._keep_cookies(answer)
        return answer

    def _keep_cookies(self, answer: Answer) -> None:
        for header in answer.all_headers("Set-Cookie"):
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0" or "1970" in morsel["expires"]:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value

    def _followed(self, answer: Answer, follow: bool) -> Answer:
        hops = 0
        while follow and answer.status in (301, 302, 303, 307, 308):
            hops += 1
            assert hops < 10, f"redirected for ever: {answer.url}"
            answer = self.request("GET", urljoin(answer.url, answer.header("Location") or ""))
        return answer


class _Forms(HTMLParser):
    """Forms of a page with the values they hold: inputs, text areas, selected options."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._url = url
        self._fields: dict[str, str] | None = None
        self._area = ""
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = {}
            action = urljoin(self._url, given.get("action") or self._url)
            self.forms.append(Form(action, given.get("method", "get").lower(), self._fields))
        elif self._fields is None:
            return
        elif tag == "input" and (name := given.get("name")):
            unticked = given.get("type") in ("checkbox", "radio") and "checked" not in given
            if not unticked and given.get("type") not in ("submit", "image", "file"):
                self._fields[name] = given.get("value", "on" if given.get("type") == "checkbox" else "")
        elif tag == "textarea":
            self._area = given.get("name", "")
            self._fields[self._area] = ""
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and ("selected" in given or self._select not in self._fields):
            self._fields[self._select] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area and self._fields is not None:
            self._fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""
