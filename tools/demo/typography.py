"""Straight quotation marks to typographic ones, and the small repairs that plain text needs before it is set."""

import re
import unicodedata

OPENS_AFTER = r"(^|[\s(\[“‘—–/])"


def set_text(text: str) -> str:
    """Typographic quotation marks, one space between words, no invisible characters.

    >>> set_text('He said "it\\'s \\'over\\'[...]"')
    'He said “it’s ‘over’[…]”'
    """
    text = re.sub(r"[\u200b\u200c\u200d\ufeff\xad]", "", text)
    text = text.replace("...", "…")
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"'(?=(?:\d0s|til|em|cause)\b)", "’", text)  # left out letters: '70s, 'til
    text = re.sub(r"' \"(?=\W|$)", "'\"", text)  # two closing marks, kept apart on a typewriter
    for _ in range(2):  # twice: a mark may open right after another one
        text = re.sub(OPENS_AFTER + r'"', r"\1“", text)
        text = re.sub(OPENS_AFTER + r"'", r"\1‘", text)
    text = text.replace('"', "”").replace("'", "’")
    return re.sub(r"\s+([,.;:!?])(?=\s|$)", r"\1", text)


def slug(text: str, longest: int = 72) -> str:
    """The part of an address made from a headline, cut between words."""
    plain = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L")).encode("ascii", "ignore").decode()
    plain = re.sub(r"['’]", "", plain.lower().replace("u.s.", "us"))
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-").split("-")
    kept = words[0]
    for word in words[1:]:
        if len(kept) + 1 + len(word) > longest:
            break
        kept += "-" + word
    return kept


def sentences(paragraph: str) -> list[str]:
    """A paragraph's sentences; an initial, a title or an abbreviation does not end one."""
    parts = re.split(r"(?<=[.!?])(?:[”’])?\s+(?=[“‘\[]?[A-Z0-9])", paragraph)
    # The closing mark swallowed by the split is found again by cutting at the same places in the original.
    found, at = [], 0
    for number, part in enumerate(parts):
        start = paragraph.index(part, at)
        end = paragraph.index(parts[number + 1], start + len(part)) if number + 1 < len(parts) else len(paragraph)
        found.append(paragraph[start:end].strip())
        at = start + len(part)
    joined: list[str] = []
    for sentence in found:
        if joined and re.search(
            r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Rev|Gen|Sen|Gov|Jr|Sr|No|vs|Inc|Kft|a\.m|p\.m|[A-Z])\.)$", joined[-1]
        ):
            joined[-1] += " " + sentence
        else:
            joined.append(sentence)
    return joined
