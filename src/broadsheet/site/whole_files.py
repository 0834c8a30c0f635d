"""Small files that others read at any moment: they find the old text or the new one, never half of it."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_whole(file: Path, text: str) -> None:
    """Raises OSError; the old text stays then."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")  # two may write at once: each a draft of its own
    try:
        draft.write_text(text)
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
