"""Files that readers open, keep or listen to."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from broadsheet.newsroom.models import File

pytestmark = pytest.mark.django_db

SOUND = bytes(range(256)) * 1000  # more than is read at once


@pytest.fixture
def recording() -> File:
    return File.objects.create(title="Bells", file=ContentFile(SOUND, "bells.mp3"))


def received(client: Client, file: File, **headers: str) -> tuple[int, bytes, str | None]:
    answer = client.get(file.url, headers=headers)
    body = b"".join(answer.streaming_content)
    assert int(answer["Content-Length"]) == len(body)
    return answer.status_code, body, answer.get("Content-Range")


def test_a_file_comes_whole_and_says_what_it_is(client: Client, recording: File) -> None:
    answer = client.get(recording.url)
    assert b"".join(answer.streaming_content) == SOUND
    assert answer["Content-Type"] == "audio/mpeg"
    assert answer["Accept-Ranges"] == "bytes"
    assert "Content-Encoding" not in answer
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-1", 0, 2),  # what Safari asks first
        ("bytes=1000-", 1000, len(SOUND)),
        ("bytes=-500", len(SOUND) - 500, len(SOUND)),
        ("bytes=250000-999999", 250_000, len(SOUND)),
    ],
)
def test_a_part_of_a_file_comes_alone(client: Client, recording: File, asked: str, start: int, end: int) -> None:
    expected = (206, SOUND[start:end], f"bytes {start}-{end - 1}/{len(SOUND)}")
    assert received(client, recording, Range=asked) == expected


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=999999-", "bytes=0-1,5-6", "lines=1-2", "bytes=-"])
def test_what_is_no_part_of_it_is_answered_with_the_whole(client: Client, recording: File, asked: str) -> None:
    assert received(client, recording, Range=asked) == (200, SOUND, None)


def test_a_part_is_added_only_to_the_same_file(client: Client, recording: File) -> None:
    etag = client.get(recording.url)["ETag"]
    assert received(client, recording, Range="bytes=5-9", **{"If-Range": etag})[0] == 206
    assert received(client, recording, Range="bytes=5-9", **{"If-Range": '"another"'}) == (200, SOUND, None)


def test_a_file_that_is_not_there_is_not_found(client: Client, recording: File) -> None:
    assert client.get(f"/documents/{recording.pk}/another.mp3").status_code == 404
    assert client.get("/documents/999999/bells.mp3", headers={"Range": "bytes=0-1"}).status_code == 404
