"""Payment providers, by name. Which are in use: `PAYMENTS`; see `interface.py` for what each can be asked.

Knows no Django: the fake provider is a process of its own that lives below here, and small.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

from broadsheet.config import PROVIDERS, config

if TYPE_CHECKING:
    from broadsheet.giving.providers.interface import Provider


def in_use() -> list[Provider]:
    """In the order of the setting: the first is offered first."""
    return [provider_named(name) for name in config().payments]


def uses(provider: str) -> bool:
    return provider in config().payments


PRETENDED = "fake"  # the provider that takes no money: what it proves is no gift


def is_pretended() -> bool:
    """Whether every gift is made with the fake provider: pages then say that no real money moves here."""
    return config().payments == (PRETENDED,)


def provider_named(name: str) -> Provider:
    """Also one that is no longer in use: what it took stays on the books. KeyError for what never was one."""
    if name not in PROVIDERS:
        raise KeyError(name)
    opened = import_module(f"broadsheet.giving.providers.{name}.provider").open_provider
    return cast("Callable[[], Provider]", opened)()
