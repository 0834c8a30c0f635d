"""Pages in states that a demo edition does not have and a server is not to be led into, drawn from its own stories.

They are drawn by the templates readers get, with a story of the running publication changed in memory only.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

LONG = (
    "Ministers, opposition leaders and the heads of seven regional governments agree after nineteen hours of talks to"
    " postpone the vote on the water treaty until the last of the spring floods has passed"
)


def staged(data: Path, address: str) -> dict[str, str]:
    """Name and HTML of each. Sets Django up on the data folder of the running server, whose style sheets they link."""
    os.environ.update(BROADSHEET_DATA=str(data), BROADSHEET_BASE_URL=address)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.site.settings")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's driver runs an event loop in this thread
    import django

    django.setup()
    return _drawn()


def _drawn() -> dict[str, str]:
    from django.template.loader import render_to_string

    from broadsheet import clock
    from broadsheet.newsroom.front import compose
    from broadsheet.newsroom.models import Article, Publication, Section

    now = clock.now()
    house = {"publication": Publication.ours(), "menu": list(Section.objects.in_order()), "verdict": "a", "today": now}

    def page(template: str, **context: Any) -> str:
        return render_to_string(template, {**house, **context})

    def article(story: Article, headline: str = "", words: int = 0, **context: Any) -> str:
        story.title = headline or story.title
        blocks = list(story.body)[: words or None]
        known = {"topics": list(story.topics.all()), "bylines": list(story.bylines.all())}
        return page("pages/article.html", article=story, walled=False, blocks=blocks, **{**known, **context})

    stories = Article.objects.published().for_page()
    pictured, plain = stories.filter(picture__isnull=False)[0], stories.filter(picture__isnull=True)[0]
    front = compose(now)
    told = {"lead": front.lead, "secondary": front.secondary, "briefs": front.briefs, "rows": front.rows}
    newest = list(Article.objects.published().for_list()[:9])
    return {
        "front-breaking": page(
            "pages/front.html", **told, breaking=newest[1], opinion=newest[:4], most_read=newest[4:9]
        ),
        "front-empty": page("pages/front.html", lead=None, secondary=(), briefs=(), rows=()),
        "section-empty": page("pages/section.html", section=house["menu"][0], lead=None, articles=[], pager=None),
        "article-long-headline": article(pictured, LONG),
        "article-short": article(plain, words=1, topics=[], bylines=[], related=newest[2:3]),
        "taken-down": page("errors/410.html", article=plain, notice="A court ordered us to take this down."),
        "refused": page("errors/403.html"),
        "broken": render_to_string("errors/500.html", {"publication": house["publication"]}),
    }
