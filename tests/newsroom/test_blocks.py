"""What a body may lack, and when."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from broadsheet.newsroom.models import Article

EMPTY = [
    {"type": "quote", "value": {"text": "", "speaker": "", "role": ""}},
    {"type": "pull_quote", "value": {"text": "", "speaker": ""}},
    {"type": "fact_box", "value": {"heading": "", "text": ""}},
    {"type": "file", "value": {"document": None, "title": ""}},
    {"type": "audio", "value": {"audio": None, "title": "", "credit": "", "transcript": ""}},
    {"type": "embed", "value": {"url": "", "title": "", "thumbnail": None}},
]
BODY: Any = Article._meta.get_field("body").stream_block  # type: ignore[union-attr]


def may_be_kept(value: Any) -> bool:
    return _passes(BODY.clean_deferred, value)


def may_be_published(value: Any) -> bool:
    return _passes(BODY.clean, value)


def _passes(check: Any, value: Any) -> bool:
    try:
        check(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("raw", EMPTY, ids=lambda raw: str(raw["type"]))
def test_a_block_that_is_still_empty_may_be_kept_and_not_published(raw: dict[str, Any]) -> None:
    value = BODY.to_python([raw])
    assert may_be_kept(value)
    assert not may_be_published(value)


def test_an_embed_of_a_stranger_may_not_even_be_kept() -> None:
    assert not may_be_kept(BODY.to_python([{"type": "embed", "value": {"url": "https://example.org/x", "title": ""}}]))


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns so often that what is not kept apart does meet."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_a_draft_saved_at_the_same_moment_lets_nothing_unfinished_through() -> None:
    value = BODY.to_python([EMPTY[0], EMPTY[-1]] * 5)
    with ThreadPoolExecutor(4) as threads:
        kept = [threads.submit(may_be_kept, value) for _ in range(200)]
        published = [threads.submit(may_be_published, value) for _ in range(200)]
    assert all(one.result() for one in kept)
    assert not any(one.result() for one in published)
    assert not may_be_published(value), "nor afterwards"
