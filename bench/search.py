"""Readers' search in a publication of twenty thousand articles, on both databases: how fast, and how forgiving.

`BROADSHEET_BENCH_KEPT` may name a folder to keep both databases in: the first run makes the articles there, later ones only
index them anew. Delete it when `_make` or the real articles change.
"""

from __future__ import annotations

import csv
import gzip
import html
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from bench import report
from tests.programs import program
from tests.server import free_port

ARTICLES = 20_000
QUESTIONS, TYPOS, CHANGES = 300, 100, 40
SEED = 20190107
LIMIT_MS = 50.0
TOPICS, PEOPLE = 300, 120
MADE = "made.json"

Texts = list[tuple[str, list[str]]]  # headline, paragraphs


@dataclass(frozen=True)
class Measured:
    """Of one database. Milliseconds; CPU of this process, and by the clock."""

    rebuild_s: float
    one_word_cpu: float
    one_word: float
    three_words_cpu: float
    three_words: float
    page: float
    slowest: float
    publish: float
    indexing: float
    recall: int
    unaided: int
    missed: list[str]
    size_mb: float


def run(soak: bool) -> bool:
    figures = []
    missed: list[str] = []
    for name, measured in _both():
        missed += [f"{name}: {one}" for one in measured.missed[:6]]
        figures += _figures(name, measured)
    return report.write(
        "search",
        soak,
        "Readers' search",
        f"""
{ARTICLES:,} articles made of real ones (of the folder `BROADSHEET_SHARED_DATA` names, or else of the demo edition), four
fifths of them metered: of those the opening is indexed, of the others everything. {QUESTIONS} questions of one word and of
three words are taken from headlines and texts, the most common words among them, and asked with all that a result page
shows: ranking, counts by section, topic and person, extracts. Typos: three words of a real headline, one letter of one of
them left out,
added, replaced or swapped, seed {SEED}; the article has to be among the first five. “Slowest” is a question for the word that
most articles have. Not found: {"; ".join(missed) or "none"}.
""",
        figures,
    )


def _figures(name: str, measured: Measured) -> Iterator[report.Figure]:
    for words, cpu, clock in (
        ("one word", measured.one_word_cpu, measured.one_word),
        ("three words", measured.three_words_cpu, measured.three_words),
    ):
        yield report.Figure(
            f"{name}: {words}, p95, CPU of the site / by the clock",
            f"{cpu:.1f} / **{clock:.1f} ms**",
            f"p95 under {LIMIT_MS:.0f} ms",
            clock < LIMIT_MS,
        )
    yield report.Figure(f"{name}: the whole page, three words, p95", f"{measured.page:.1f} ms")
    yield report.Figure(f"{name}: slowest", f"{measured.slowest:.1f} ms")
    yield report.Figure(
        f"{name}: {TYPOS} typos, recall at 5", f"**{measured.recall} %** (without correction {measured.unaided} %)"
    )
    yield report.Figure(
        f"{name}: indexing while publishing, p50, of the whole act",
        f"{measured.indexing:.1f} of {measured.publish:.0f} ms",
    )
    yield report.Figure(
        f"{name}: `broadsheet index-search`", f"{measured.rebuild_s:.0f} s, {measured.size_mb:.0f} MB of index"
    )


def _both() -> Iterator[tuple[str, Measured]]:
    with _folder("sqlite") as folder:
        yield "SQLite", _in_a_process_of_its_own(folder, "")
    with _folder("postgres") as folder, _postgres(folder) as url:
        yield "PostgreSQL", _in_a_process_of_its_own(folder, url)


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """Where one database and its publication's data are; gone afterwards, unless it is to be kept."""
    if kept := os.environ.get("BROADSHEET_BENCH_KEPT"):
        folder = Path(kept).resolve() / name
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix=f"broadsheet-bench-{name}-") as passing:
            yield Path(passing)


def _in_a_process_of_its_own(folder: Path, database_url: str) -> Measured:
    data = folder / "data"
    data.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BROADSHEET_DATA")}
    environment |= {
        "BROADSHEET_DATA": str(data),
        "BROADSHEET_BASE_URL": "http://testserver",
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "broadsheet.site.settings",
    }
    for command in (["-m", "broadsheet.site.cli", "migrate"], ["-m", "django", "collectstatic", "--no-input"]):
        subprocess.run([sys.executable, *command], env=environment, check=True, capture_output=True)
    written = subprocess.run(
        [sys.executable, "-m", "bench.search", str(folder / MADE)],
        env=environment, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return Measured(**json.loads(written.stdout.splitlines()[-1]))


# ── in the process of its own


def measure(record: Path) -> Measured:
    """`record`: which articles were made here before, and how the dice lay then; written when they are."""
    import django

    django.setup()
    from broadsheet.newsroom.searching.index import rebuild

    texts = real_texts()
    dice = random.Random(SEED)
    if record.exists():
        kept = json.loads(record.read_text())
        made: dict[str, int] = kept["made"]
        version, numbers, gauss = kept["dice"]
        dice.setstate((version, tuple(numbers), gauss))  # the same questions as of articles just made
        _empty_index()
    else:
        made = _make(texts, dice)
        record.write_text(json.dumps({"made": made, "dice": dice.getstate()}))
    began = time.perf_counter()
    rebuild(lambda done, of: print(f"{done} of {of}", file=sys.stderr))
    rebuild_s = time.perf_counter() - began
    common = _most_common(texts)
    single = [_asked(_word_of(headline, dice)) for headline, _ in dice.choices(texts, k=QUESTIONS - len(common))]
    single += [_asked(word) for word in common]
    triple = [_asked(" ".join(_words_of(texts, dice))) for _ in range(QUESTIONS)]
    for asked in single[:20] + triple[:20]:
        asked()
    one_cpu, one = _times(single)
    three_cpu, three = _times(triple)
    _, page = _times([_page(" ".join(_words_of(texts, dice))) for _ in range(100)])
    recall, unaided, missed = _recall(texts, made, dice)
    publish, indexing = _publishing()
    _, slowest = _times([_asked(common[0])] * 5)
    return Measured(
        rebuild_s, _share(one_cpu), _share(one), _share(three_cpu), _share(three), _share(page), _share(slowest, 0.5),
        publish, indexing, recall, unaided, missed, _size_mb(),
    )  # fmt: skip


def _empty_index() -> None:
    """As it was when the articles were made, without what deleted rows leave behind."""
    from django.db import connection

    from broadsheet.newsroom.models import SearchEntry

    SearchEntry.objects.all().delete()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM newsroom_searchentry")


def real_texts() -> Texts:
    """Headlines and paragraphs of real articles."""
    shared = os.environ.get("BROADSHEET_SHARED_DATA")
    found: Texts = []
    for file in sorted(Path(shared).glob("articles-*/*")) if shared else []:
        if file.name.endswith(".jsonl.gz"):
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                rows: list[dict[str, str]] = [json.loads(line) for line in lines]
        elif file.suffix == ".csv":
            with file.open(encoding="utf-8", newline="") as table:
                rows = list(csv.DictReader(table))
        else:
            continue
        for row in rows:
            body = next(
                (row[name] for name in ("content_text", "body_text", "text", "body_markdown") if row.get(name)), ""
            )
            paragraphs = [part.strip()[:1500] for part in body.split("\n") if len(part.split()) > 8][:8]
            if row.get("title") and paragraphs:
                found.append((row["title"][:200], paragraphs))
    return found or _demo_texts()


def _demo_texts() -> Texts:
    from broadsheet.interchange.demo.edition import read_edition

    stories = read_edition().articles
    plain = re.compile(r"<[^>]*>")
    return [
        (story.headline, [plain.sub("", block.value) for block in story.body if isinstance(block.value, str)])
        for story in stories
    ]


def _make(texts: Texts, dice: random.Random) -> dict[str, int]:
    """Rows of articles, past the acts: publishing twenty thousand takes half an hour. Article ids by real headline."""
    from django.db import transaction
    from wagtail.models import Page

    from broadsheet.newsroom.models import Article, Byline, Person, Topic
    from tests.factories import a_draft, a_section

    sections = [a_section(f"Desk {number}", f"desk-{number}") for number in range(8)]
    model = a_draft(sections[0])
    topics = Topic.objects.bulk_create([Topic(name=f"Topic {n}", slug=f"bench-topic-{n}") for n in range(TOPICS)])
    people = Person.objects.bulk_create([Person(name=f"Desk reporter {n}", slug=f"bench-{n}") for n in range(PEOPLE)])
    Through = Article.topics.through
    made: dict[str, int] = {}
    newest = datetime(2026, 6, 1, tzinfo=UTC)
    for start in range(0, ARTICLES, 500):
        with transaction.atomic():
            pages, bodies = [], []
            for number in range(start, start + 500):
                section = sections[number % len(sections)]
                headline, paragraphs = texts[number % len(texts)]
                if number >= len(texts):  # again, and another story: halves of two headlines, paragraphs of many
                    other = texts[dice.randrange(len(texts))][0].split()
                    headline = " ".join([*headline.split()[: len(headline.split()) // 2], *other[len(other) // 2 :]])
                    paragraphs = [dice.choice(texts[dice.randrange(len(texts))][1]) for _ in range(6)]
                place = number // len(sections) + 2
                pages.append(
                    Page(
                        title=headline, draft_title=headline, slug=f"story-{number}", live=True, depth=section.depth + 1,
                        path=section.path + Page._int2str(place).rjust(Page.steplen, "0"),
                        url_path=f"{section.url_path}story-{number}/", content_type_id=model.content_type_id,
                        locale_id=model.locale_id, first_published_at=newest - timedelta(hours=3 * number),
                    )
                )  # fmt: skip
                bodies.append((section, paragraphs))
            Page.objects.bulk_create(pages)
            articles = []
            for page, (section, paragraphs) in zip(pages, bodies, strict=True):
                body = [("paragraph", f"<p>{html.escape(paragraph)}</p>") for paragraph in paragraphs]
                article = Article(
                    page_ptr_id=page.pk, section_id=section.pk, body=body, standfirst=paragraphs[0][:300],
                    always_free=page.pk % 5 == 0,
                )  # fmt: skip
                article.pk = page.pk
                articles.append(article)
                made.setdefault(page.title, page.pk)
            Article._base_manager.all()._insert(articles, fields=Article._meta.local_concrete_fields, using="default")
            Through.objects.bulk_create(
                [Through(article_id=page.pk, topic_id=topic.pk) for page in pages for topic in dice.sample(topics, 3)]
            )
            Byline.objects.bulk_create([Byline(article_id=page.pk, person=dice.choice(people)) for page in pages])
        print(f"{start + 500} made", file=sys.stderr)
    return made


def _asked(text: str) -> Callable[[], object]:
    from broadsheet.newsroom.searching import query
    from broadsheet.newsroom.searching.find import Asked, find

    return lambda: find(Asked(query.read(text)))


def _page(text: str) -> Callable[[], object]:
    from unittest.mock import patch

    from django.test import Client

    client = Client(HTTP_HOST="testserver")

    def ask() -> None:
        # All of these come from one address, and sooner than a reader types.
        with patch("broadsheet.newsroom.searching.view.MOST_IN_A_MINUTE", 1_000_000):
            assert client.get("/search/", {"q": text}).status_code == 200

    return ask


def _words_of(texts: Texts, dice: random.Random) -> list[str]:
    """Three words that one article has, in the order it has them."""
    from broadsheet.newsroom.searching.words import words_of

    while True:
        headline, paragraphs = dice.choice(texts)
        words = [word for word in words_of(headline + " " + paragraphs[0][:200]) if len(word) > 2]
        if len(words) >= 3:
            return [words[at] for at in sorted(dice.sample(range(len(words)), 3))]


def _word_of(text: str, dice: random.Random) -> str:
    from broadsheet.newsroom.searching.words import words_of

    return dice.choice([word for word in words_of(text) if len(word) > 1] or ["news"])


def _most_common(texts: Texts) -> list[str]:
    from collections import Counter

    from broadsheet.newsroom.searching.words import words_of

    counts = Counter(word for headline, paragraphs in texts for word in {*words_of(headline), *words_of(paragraphs[0])})
    return [word for word, _ in counts.most_common(30) if len(word) > 1]


def _recall(texts: Texts, made: dict[str, int], dice: random.Random) -> tuple[int, int, list[str]]:
    from broadsheet.newsroom.searching import query
    from broadsheet.newsroom.searching.find import Asked, find
    from broadsheet.newsroom.searching.words import is_spelled, words_of

    found = unaided = done = 0
    missed = []
    while done < TYPOS:
        headline = dice.choice(texts)[0]
        words = list(dict.fromkeys(word for word in words_of(headline) if is_spelled(word)))
        if len(words) < 3:
            continue
        chosen = dice.sample(words, 3)
        wrong = with_typo(chosen[0], dice)
        done += 1
        asked = " ".join(dice.sample([wrong, *chosen[1:]], 3))
        results = find(Asked(query.read(asked)))
        is_found = made[headline[:200]] in [hit.article.pk for hit in results.hits[:5]]
        found += is_found
        unaided += is_found and not results.corrected
        if not is_found:
            missed.append(f"“{asked}” ({chosen[0]})")
    return found, unaided, missed


def with_typo(word: str, dice: random.Random) -> str:
    """One letter left out, added, replaced or swapped with the next, behind the first one or two letters as often as there."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    while True:
        at = dice.randrange(len(word))
        wrong = dice.choice(
            [
                word[:at] + word[at + 1 :],
                word[:at] + dice.choice(letters) + word[at:],
                word[:at] + dice.choice(letters) + word[at + 1 :],
                word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
            ]
        )
        if wrong != word:
            return wrong


def _publishing() -> tuple[float, float]:
    """Milliseconds of publishing a change, and of the part that is the index."""
    from django.db import transaction

    from broadsheet.newsroom.acts.publish import publish
    from broadsheet.newsroom.models import Article
    from broadsheet.newsroom.searching.index import index
    from tests.factories import a_section, an_article

    article = Article.objects.filter(slug="bench-changes").first() or an_article(
        a_section("Desk of changes", "desk-of-changes"), slug="bench-changes"
    )
    acts, parts = [], []
    for change in range(CHANGES):
        article.title = f"Headline number {change}"
        began = time.perf_counter()
        publish(article, change="style")
        acts.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        with transaction.atomic():
            index(article, change + 2)
            parts.append((time.perf_counter() - began) * 1000)
    return _share(acts, 0.5), _share(parts, 0.5)


def _times(questions: Sequence[Callable[[], object]]) -> tuple[list[float], list[float]]:
    """Milliseconds of each: CPU of this thread, and by the clock."""
    cpu, clock = [], []
    for ask in questions:
        began, began_cpu = time.perf_counter(), time.thread_time()
        ask()
        clock.append((time.perf_counter() - began) * 1000)
        cpu.append((time.thread_time() - began_cpu) * 1000)
    return cpu, clock


def _share(values: Sequence[float], share: float = 0.95) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _size_mb() -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_total_relation_size('newsroom_searchentry') + pg_total_relation_size('newsroom_searchspelling')"
            )
        else:
            cursor.execute("SELECT SUM(pgsize) FROM dbstat WHERE name LIKE 'newsroom_search%'")
        return int(cursor.fetchone()[0]) / 2**20


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """DATABASE_URL of a cluster of its own in this folder, empty where it is new, as durable as it is by default."""
    initdb = Path(program("initdb") or "initdb")
    owner = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}  # it refuses to run as root
    if owner:
        shutil.chown(folder, **owner)
    cluster, port = folder / "cluster", free_port()
    if not cluster.exists():
        subprocess.run(
            [initdb, "-D", cluster, "-U", "broadsheet", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd=folder, **owner,
        )  # fmt: skip
    options = ["-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=127.0.0.1"]
    server = subprocess.Popen(
        [initdb.with_name("postgres"), "-D", cluster, "-p", str(port), *options],
        stdout=subprocess.DEVNULL, stderr=(folder / "log").open("wb"), cwd=folder, **owner,
    )  # fmt: skip
    try:
        url = f"postgres://broadsheet@127.0.0.1:{port}/postgres"
        for _ in range(200):
            try:
                psycopg.connect(url).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


if __name__ == "__main__":
    print(json.dumps(asdict(measure(Path(sys.argv[1])))))
