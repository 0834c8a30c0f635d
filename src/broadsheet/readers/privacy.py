"""What is held about an account, and its erasure: each part of the house that keeps something registers here.

    register(Holder("subscriptions", export=..., erase=...))        in the part's AppConfig.ready()

Nothing here knows the parts; a download and an erasure ask all of them, in the order they registered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from broadsheet.readers.models import User


class CannotErase(Exception):
    """Why not yet, in words for the reader. Nothing was erased."""


@dataclass(frozen=True)
class Kept:
    """Something that stays after an erasure, without a name; in words for the reader."""

    what: str
    why: str


@dataclass(frozen=True)
class Holder:
    """`export`: what JSON can hold. `erase` runs in the transaction that deletes the account, before its row goes.

    `prepare` runs before that, outside of any transaction: what must be done elsewhere first. Both may raise CannotErase.
    `keeps`: what stays of what this part holds about `user`, said before they decide.
    """

    name: str
    export: Callable[[User], Any]
    erase: Callable[[User], None] = lambda user: None
    prepare: Callable[[User], None] = lambda user: None
    keeps: Callable[[User], Sequence[Kept]] = lambda user: ()


_holders: dict[str, Holder] = {}


def register(holder: Holder) -> None:
    """By name: registering again replaces, so that a reloaded app is asked once."""
    _holders[holder.name] = holder


def everything_about(user: User) -> dict[str, Any]:
    return {holder.name: holder.export(user) for holder in _holders.values()}


def prepare_to_erase(user: User) -> None:
    """Never inside a transaction: it may ask somebody outside. Raises CannotErase."""
    for holder in _holders.values():
        holder.prepare(user)


def erase(user: User) -> None:
    for holder in _holders.values():
        holder.erase(user)


def kept_after(user: User) -> list[Kept]:
    return [kept for holder in _holders.values() for kept in holder.keeps(user)]
