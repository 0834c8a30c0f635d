"""Backed up while readers read and an editor publishes, and restored: the same publication, the same counts."""

from __future__ import annotations

import html
import os
import subprocess
import sys
import threading

import pytest

from tests.e2e.conftest import copy_of, count_of, is_open, new_address, sign_in, stories_of, until
from tests.server import Server, end_with_parent

# An editor at work: another headline for one story after the other, until told to stop.
PUBLISHING = """
import itertools, django
django.setup()
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.models import Article
articles = list(Article.objects.live().order_by("pk")[:20])
for number in itertools.count(1):
    article = Article.objects.get(pk=articles[number % 20].pk)
    article.title = f"Edition {number} of {article.pk}"
    publish(article, change="typo")
    print(number, flush=True)
"""


@pytest.fixture(scope="module")
def restored(edition: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the first publication held when the backup began, and the second that was made of it."""
    folder = tmp_path_factory.mktemp("backed-up")
    server = copy_of(edition, folder / "data")
    server.start()
    file = folder / "made.tar.gz"
    try:
        stories = stories_of(server)
        reader = server.client()
        sign_in(server, reader, new_address("kept"))
        for story in stories[30:35]:
            assert is_open(reader.get(story.path))
        count = count_of(reader)
        stop = threading.Event()
        faults: list[object] = []

        def read() -> None:
            while not stop.is_set():
                for story in stories[20:60]:
                    if (status := server.client().get(story.path).status) != 200:
                        faults.append(status)

        reading = [threading.Thread(target=read) for _ in range(2)]
        environment = server.environment() | {"DJANGO_SETTINGS_MODULE": "broadsheet.site.settings"}
        with subprocess.Popen(
            [sys.executable, "-c", PUBLISHING],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=end_with_parent,
        ) as editor:
            assert editor.stdout is not None
            for thread in reading:
                thread.start()
            before = int(editor.stdout.readline())
            server.run("backup", str(file))
            after = before
            os.set_blocking(editor.stdout.fileno(), False)
            after += len(editor.stdout.readlines())
            editor.terminate()
        stop.set()
        for thread in reading:
            thread.join()
    finally:
        server.stop()
    second = Server(folder / "second" / "data", server.env)
    second.data.parent.mkdir()
    said = second.run("restore", str(file)).stderr
    return {
        "server": second,
        "said": said,
        "reader": reader,
        "count": count,
        "faults": faults,
        "edits": after - before,
        "first": server,
    }


def test_nobody_noticed_the_backup(restored: dict[str, object]) -> None:
    assert restored["faults"] == []
    assert int(str(restored["edits"])) > 0, "the editor published nothing while it was made: nothing was tried"


def test_the_restored_publication_is_served_with_its_stories_counts_and_accounts(restored: dict[str, object]) -> None:
    server, reader = restored["server"], restored["reader"]
    assert isinstance(server, Server)
    first = restored["first"]
    assert isinstance(first, Server)
    server.port = first.port  # a reader's cookies are for a host, and a port is part of it
    server.start()
    try:
        stories = stories_of(server)
        assert len(stories) == len(stories_of(first))
        for story in stories[20:40]:
            answer = server.client().get(story.path)
            assert answer.status == 200 and story.headline in html.unescape(answer.text)
        assert count_of(reader) == restored["count"]  # type: ignore[arg-type]
        pictures = sorted(file.relative_to(first.data) for file in (first.data / "media").rglob("*") if file.is_file())
        assert pictures and all(
            (server.data / picture).exists() for picture in pictures if "original" in picture.parts[1]
        )
        until(lambda: "Nothing is wrong" in server.run("doctor", check=False).stdout, "the doctor finds nothing", 60)
    finally:
        server.stop()


def test_the_record_of_versions_holds(restored: dict[str, object]) -> None:
    assert "versions holds" in str(restored["said"])
