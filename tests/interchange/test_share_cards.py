"""Share cards: drawn after publishing, named by what stands on them, drawn anew when that changes."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.images import ImageFile
from django.core.files.storage import default_storage
from django_tasks_db.models import DBTaskResult
from PIL import Image

from broadsheet.interchange.share_cards import drawing, files
from broadsheet.interchange.share_cards.drawing import Card
from broadsheet.interchange.share_cards.lettering import in_order_of_sight
from broadsheet.interchange.share_cards.tasks import draw_card, draw_cards, draw_those_missing
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.models import Article, Publication
from broadsheet.newsroom.models.versions import ChangeClass
from tests.factories import a_picture, an_article
from tests.interchange.conftest import Gate

PAPER = Card("The ferry stays", "Harbour", "The Broadsheet", False, "#ffffff", "#0b5a4a")


def named(gate: Gate, article: Article) -> str:
    """What the page says goes with its link."""
    found = re.search(r'<meta property="og:image" content="http://testserver/media/([^"]*)"', gate.text(article.url))
    return found[1] if found else ""


def cards_of(article: Article) -> list[str]:
    folder = Path(settings.MEDIA_ROOT, "cards", str(article.pk))
    return [f"cards/{article.pk}/{file.name}" for file in folder.glob("*")] if folder.exists() else []


def shown(card: Card, photo: drawing.Photo | None = None) -> Image.Image:
    drawn = drawing.draw(card, photo)
    assert drawn is not None
    return Image.open(io.BytesIO(drawn)).convert("RGB")


def is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(one, other, strict=True))


def test_publishing_has_the_card_drawn_when_it_commits(gate: Gate, django_capture_on_commit_callbacks: object) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        article = an_article()
    queued = [task for task in DBTaskResult.objects.all() if task.task_path.endswith("draw_card")]
    assert [task.args_kwargs["args"] for task in queued] == [[article.pk]]


@pytest.mark.django_db(transaction=True)
def test_a_page_names_its_card_once_it_is_there_and_its_picture_until_then(gate: Gate) -> None:
    plain, pictured = an_article(), an_article(picture=a_picture())
    assert named(gate, plain) == ""
    assert 'name="twitter:card" content="summary"' in gate.text(plain.url)
    assert named(gate, pictured).startswith("images/")
    for article in (plain, pictured):
        assert draw_card.call(article.pk) == 1
        assert not gate.is_kept(article.url)
        assert [named(gate, article)] == cards_of(article)
        assert 'content="summary_large_image"' in gate.text(article.url)
        with default_storage.open(named(gate, article)) as file, Image.open(file) as image:
            assert (image.format, image.size) == ("JPEG", (1200, 630))


def test_a_card_is_not_drawn_twice(gate: Gate) -> None:
    article = an_article()
    assert draw_card.call(article.pk) == 1
    assert gate.text(article.url) and gate.is_kept(article.url)
    assert (draw_card.call(article.pk), draw_cards.call()) == (0, 0)
    assert gate.is_kept(article.url)


@pytest.mark.parametrize("what", ["headline", "picture", "name", "section"])
def test_what_stands_on_a_card_makes_it_another_and_the_old_one_goes(gate: Gate, what: str) -> None:
    article = an_article(picture=a_picture())
    draw_card.call(article.pk)
    (old,) = cards_of(article)
    if what == "headline":
        article.title = "The ferry goes"
        publish(article, change=ChangeClass.UPDATE)
    elif what == "picture":
        article.picture.file = ImageFile(picture_file((200, 30, 30)), name="other.jpg")
        article.picture.save()
    elif what == "name":
        publication = Publication.ours()
        publication.name = "The Harbour"
        publication.save()
    else:
        article.section.title = "Waterfront"
        article.section.save()
    assert named(gate, article).startswith("images/"), "no page names a card that says what is no longer so"
    assert draw_cards.call() == 1
    (new,) = cards_of(article)
    assert new != old
    assert named(gate, article) == new


def test_the_card_of_what_is_taken_down_goes(gate: Gate) -> None:
    article = an_article()
    draw_card.call(article.pk)
    unpublish(article)
    draw_card.call(article.pk)
    assert cards_of(article) == []


def test_a_card_has_nothing_of_the_story_but_what_everyone_may_read() -> None:
    assert set(Card.__dataclass_fields__) == {"headline", "section", "nameplate", "is_rtl", "paper", "accent"}


def test_the_picture_stands_where_the_line_ends() -> None:
    photo = drawing.Photo(picture_file((200, 30, 30)), (0.5, 0.5))
    left_to_right = shown(PAPER, photo)
    assert is_near(left_to_right.getpixel((1150, 300)), (200, 30, 30))
    assert is_near(left_to_right.getpixel((20, 300)), (255, 255, 255))
    hebrew = Card("המעבורת נשארת", "נמל", "העיתון", True, "#ffffff", "")
    photo.file.seek(0)
    right_to_left = shown(hebrew, photo)
    assert is_near(right_to_left.getpixel((50, 300)), (200, 30, 30))
    assert is_near(right_to_left.getpixel((1180, 300)), (255, 255, 255))


def test_a_picture_that_cannot_be_read_leaves_a_card_of_words() -> None:
    broken = drawing.Photo(io.BytesIO(b"no picture"), (0.5, 0.5))
    assert shown(PAPER, broken).tobytes() == shown(PAPER).tobytes()


@pytest.mark.parametrize("headline", ["Fire", "A headline that goes on and on " * 8, "W" * 200])
def test_nothing_runs_out_of_the_card(headline: str) -> None:
    card = shown(Card(headline, "S" * 20, "N" * 80, False, "#ffffff", ""))
    margin = [card.getpixel((x, y)) for x in (*range(40), *range(1160, 1200)) for y in range(0, 630, 3)]
    assert all(is_near(pixel, (255, 255, 255)) for pixel in margin)


def test_a_headline_in_letters_we_have_no_font_for_has_no_card() -> None:
    assert drawing.draw(Card("العبّارة باقية", "", "The Broadsheet", True, "#ffffff", ""), None) is None
    assert drawing.draw(Card("渡轮留下", "", "The Broadsheet", False, "#ffffff", ""), None) is None


@pytest.mark.parametrize(
    ("line", "is_rtl", "seen"),
    [
        ("The ferry", False, "The ferry"),
        ("אב גד", True, "דג בא"),
        ("אב (12) גד", True, "דג (12) בא"),
        ("אב New York גד", True, "דג New York בא"),
        ("He said אב גד!", False, "He said דג בא!"),
        ("(אב)", True, "(בא)"),
    ],
)
def test_letters_stand_in_the_order_of_sight(line: str, is_rtl: bool, seen: str) -> None:
    assert in_order_of_sight(line, is_rtl=is_rtl) == seen


def picture_file(colour: tuple[int, int, int]) -> io.BytesIO:
    written = io.BytesIO()
    Image.new("RGB", (900, 700), colour).save(written, "JPEG")
    written.seek(0)
    return written


@pytest.mark.django_db(transaction=True)
def test_after_an_upgrade_that_draws_otherwise_all_are_drawn_anew(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer = an_article(), an_article()
    assert draw_cards.call() == 2
    before = cards_of(older)
    assert not draw_those_missing()
    monkeypatch.setattr(files, "DRAWN_ANEW", files.DRAWN_ANEW + 1)
    DBTaskResult.objects.all().delete()
    assert draw_those_missing()
    assert [task.task_path.rpartition(".")[2] for task in DBTaskResult.objects.all()] == ["draw_cards"]
    assert draw_cards.call() == 2
    assert cards_of(older) != before and named(gate, newer) in cards_of(newer)
    assert not draw_those_missing()
