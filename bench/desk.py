"""An editor at the desk: signs in and saves, as a browser does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from tests.client import Client
from tests.server import Server


def sign_in(server: Server) -> Client:
    """An editor's browser."""
    from broadsheet.site.start import give_editor

    password = give_editor("editor@localhost")
    editor = Client(server.url, timeout_s=120)
    form = editor.get("/login/password/?next=/admin/").form(having="password")
    editor.submit(form, {"email": "editor@localhost", "password": password})
    if editor.get("/admin/", follow=False).status != 200:
        raise RuntimeError("the editor cannot sign in")
    return editor


def saving(editor: Client, times: list[float]) -> Callable[[], None]:
    """What saves a long story as a draft each time it is called, and notes the seconds it took."""
    from broadsheet.newsroom.models import Article

    article = max(Article.objects.published()[:50], key=lambda article: article.words)
    address = f"/admin/pages/{article.pk}/edit/"
    editor = Client(editor.base_url, cookies=dict(editor.cookies), timeout_s=120)
    fields = {**editor.get(address).form(having="title").fields, **_body_fields(article)}

    def save() -> None:
        began = time.perf_counter()
        answer = editor.post(address, fields, {"Referer": editor.base_url + address}, follow=False)
        if answer.status != 302:
            raise RuntimeError(f"saving answered {answer.status}")
        times.append(time.perf_counter() - began)

    return save


def _body_fields(article: object) -> dict[str, str]:
    """The body as the editor's browser sends it: one part per block, rich text as the editor's own JSON."""
    from wagtail.admin.rich_text.converters.contentstate import ContentstateConverter

    from broadsheet.newsroom.models import Article

    assert isinstance(article, Article)
    paragraphs = [block for block in article.body if block.block_type == "paragraph"]
    converter = ContentstateConverter(features=["bold", "italic", "link"])
    fields = {"body-count": str(len(paragraphs))}
    for number, block in enumerate(paragraphs):
        fields |= {
            f"body-{number}-type": "paragraph",
            f"body-{number}-deleted": "",
            f"body-{number}-order": str(number),
            f"body-{number}-id": block.id,
            f"body-{number}-value": converter.from_database_format(block.value.source),
        }
        json.loads(fields[f"body-{number}-value"])
    return fields
