"""Payment providers, by name. Which are in use: `PAYMENTS`; see `interface.py` for what each can be asked."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from broadsheet.config import PROVIDERS, config
from broadsheet.giving.providers.interface import Provider


def in_use() -> list[Provider]:
    """In the order of the setting: the first is offered first."""
    return [provider_named(name) for name in config().payments]


def provider_named(name: str) -> Provider:
    """Also one that is no longer in use: what it took stays on the books. KeyError for what never was one."""
    if name not in PROVIDERS:
        raise KeyError(name)
    opened = import_module(f"broadsheet.giving.providers.{name}.provider").open_provider
    return cast(Callable[[], Provider], opened)()
