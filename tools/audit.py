"""What machines can judge of the pages: axe on every page and state, Lighthouse on four, written to docs/audit.md.

The server must be running, with stories in it, and nothing else should be: Lighthouse measures time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, sync_playwright

from tools.staged import staged
from tools.walk import Walk, everywhere

MODULES = Path("build/audit/node_modules")
REPORT = Path("docs/audit.md")
# WCAG 2.2 at AA and what axe calls good practice.
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SCREENS = {"phone": (390, 844), "desk": (1280, 900)}
TRIES = 3
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


@dataclass(frozen=True)
class Violation:
    where: str
    rule: str
    target: str
    help: str


@dataclass(frozen=True)
class Scores:
    """Medians over the runs of one page; `shift` is cumulative layout shift, `weight` the bytes on the wire."""

    page: str
    categories: Mapping[str, float]
    paint_ms: float
    shift: float
    weight: float


def main() -> int:
    asked = _arguments()
    data = asked.data if (asked.data / "outbox").is_dir() else None
    pages = staged(data.resolve(), asked.address) if data else {}
    seen: list[str] = []
    violations: list[Violation] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox", "--disable-gpu"])
        cookies: dict[str, str] = {}
        walled = ""
        for screen in SCREENS:
            for scheme in ("light", "dark"):
                walled = _axe(browser, asked.address, screen, scheme, data, pages, seen, violations) or walled
        if asked.runs:
            cookies = _cookies(browser, asked.address, data)
        browser.close()
    scores = [*_lighthouse(asked, walled, cookies)] if asked.runs else []
    report = _report(len(seen), violations, scores, asked.runs)
    REPORT.write_text(report)
    print(report)
    return 1 if violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/audit", description=__doc__)
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:8000", help="where the server listens")
    parser.add_argument("--data", type=Path, default=Path("data"), help="its data folder, for the outbox")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser's program")
    parser.add_argument("--runs", type=int, default=5, help="of Lighthouse on each page; 0: axe alone")
    return parser.parse_args()


def _axe(
    browser: Browser,
    base: str,
    screen: str,
    scheme: str,
    data: Path | None,
    pages: Mapping[str, str],
    seen: list[str],
    violations: list[Violation],
) -> str:
    print(f"axe: {screen}, {scheme}", flush=True)
    width, height = SCREENS[screen]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    source = (MODULES / "axe-core/axe.min.js").read_text()

    def look(page: Page, name: str) -> None:
        page.evaluate(source)
        result = page.evaluate(f"axe.run({{runOnly: {json.dumps(AXE_TAGS)}, resultTypes: ['violations']}})")
        seen.append(name)
        violations.extend(
            Violation(f"{name} ({screen}, {scheme})", found["id"], " ".join(map(str, node["target"])), found["help"])
            for found in result["violations"]
            for node in found["nodes"]
        )

    walled = everywhere(Walk(context.new_page(), base, look), context, data, f"audit.{screen}.{scheme}", pages)
    context.close()
    return walled


def _cookies(browser: Browser, base: str, data: Path | None) -> dict[str, str]:
    """The cookies of a reader before the wall, and of one who has an account."""
    found = {}
    context = browser.new_context()

    def look(page: Page, name: str) -> None:
        if name in ("wall", "account"):
            found[name] = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in context.cookies())

    everywhere(Walk(context.new_page(), base, look), context, data, "audit.lighthouse", {})
    context.close()
    return found


def _lighthouse(asked: argparse.Namespace, walled: str, cookies: Mapping[str, str]) -> Iterator[Scores]:
    addresses = {"front": "/", "article": walled, "wall": walled, "account": "/account/"}
    for name, path in addresses.items():
        if not path or (name in ("wall", "account") and name not in cookies):
            print(f"lighthouse: no {name} to be had")
            continue
        runs = []
        for number in range(asked.runs):
            print(f"lighthouse: {name}, {number + 1} of {asked.runs}", flush=True)
            runs.append(_tried(urljoin(asked.address, path), asked.chromium, cookies.get(name, "")))
        print(f"lighthouse: {name} lacks {', '.join(_lacking(runs[-1])) or 'nothing'}", flush=True)
        yield Scores(
            name,
            {kind: median(run["categories"][kind]["score"] or 0 for run in runs) * 100 for kind in CATEGORIES},
            median(run["audits"]["largest-contentful-paint"]["numericValue"] for run in runs),
            median(run["audits"]["cumulative-layout-shift"]["numericValue"] for run in runs),
            median(run["audits"]["total-byte-weight"]["numericValue"] for run in runs),
        )


def _tried(address: str, chromium: str, cookie: str) -> dict[str, Any]:
    """Lighthouse now and then loses the beginning of a page load (NO_NAVSTART), and asks to be run again."""
    for _ in range(TRIES - 1):
        try:
            return _run(address, chromium, cookie)
        except subprocess.CalledProcessError:
            print("lighthouse: once more", flush=True)
    return _run(address, chromium, cookie)


def _lacking(run: Mapping[str, Any]) -> list[str]:
    """The audits that cost this run points, outside of speed, which has an audit for everything."""
    counted = {
        audit["id"] for kind in CATEGORIES[1:] for audit in run["categories"][kind]["auditRefs"] if audit["weight"] > 0
    }
    return sorted(name for name in counted if run["audits"][name]["score"] == 0)


def _run(address: str, chromium: str, cookie: str) -> dict[str, Any]:
    """One run of Lighthouse with its mobile profile, as it comes."""
    with TemporaryDirectory() as folder:
        headers, out = Path(folder, "headers.json"), Path(folder, "report.json")
        headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}))
        subprocess.run(
            [
                "node",
                str(MODULES / "lighthouse/cli/index.js"),
                address,
                "--quiet",
                "--output=json",
                f"--output-path={out}",
                f"--only-categories={','.join(CATEGORIES)}",
                f"--extra-headers={headers}",
                "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage",
            ],
            check=True,
            env={**os.environ, "CHROME_PATH": chromium},
        )
        report: dict[str, Any] = json.loads(out.read_text())
        return report


def _report(seen: int, violations: Sequence[Violation], scores: Sequence[Scores], runs: int) -> str:
    lines = [
        "# What machines say of the pages",
        "",
        "Written by `script/audit`.",
        "",
        f"axe: {seen} pages and states on a phone and a desk, light and dark; {len(violations)} violations.",
        "",
    ]
    same = Counter((one.rule, one.target, one.help) for one in violations)
    first = {(one.rule, one.target, one.help): one.where for one in reversed(violations)}
    lines += [
        f"- {rule}, `{target}`: {words}. {count} times, first on {first[rule, target, words]}."
        for (rule, target, words), count in same.most_common()
    ]
    if scores:
        lines += [
            f"Lighthouse, mobile profile, median of {runs}. `account` is that of a signed-in reader.",
            "",
            "| page | performance | accessibility | best practices | SEO | largest paint | layout shift | weight |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {one.page} | {' | '.join(f'{one.categories[kind]:.0f}' for kind in CATEGORIES)}"
            f" | {one.paint_ms / 1000:.1f} s | {one.shift:.3f} | {one.weight / 1000:.0f} KB |"
            for one in scores
        ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
