"""Files for readers: as Wagtail sends them, whole or the part that was asked for.

Safari plays no sound from a server that cannot send a part, and nobody can skip in a recording there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, cast

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from wagtail.documents.views.serve import serve

from broadsheet.gate.files import part_asked_for

_PIECE_BYTES = 64 << 10


def hand_out(request: HttpRequest, document_id: str, name: str) -> HttpResponseBase:
    whole = serve(request, document_id, name)
    if not isinstance(whole, FileResponse) or whole.status_code != 200:
        return whole
    if whole["Content-Encoding"] == "None":  # what Wagtail writes where there is none
        del whole["Content-Encoding"]
    whole["Accept-Ranges"] = "bytes"
    size = int(whole["Content-Length"])
    part = part_asked_for(request.headers.get("Range"), size) if _is_same(request, whole) else None
    if part is not None:
        start, end = part
        whole.status_code = 206
        whole["Content-Length"] = str(end - start)
        whole["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        whole.streaming_content = _pieces(cast(BinaryIO, whole.file_to_stream), start, end)
    return whole


def _is_same(request: HttpRequest, whole: FileResponse) -> bool:
    """Whether what the reader has of it is of this very file (RFC 9110 §13.1.5)."""
    has = request.headers.get("If-Range")
    return request.method == "GET" and (has is None or has == whole.get("ETag"))


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while piece := file.read(min(_PIECE_BYTES, end - start)):
        start += len(piece)
        yield piece
