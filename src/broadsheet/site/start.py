"""What must be done before the first request: little on most starts, everything on the first.

Each step looks whether it is needed, can be stopped at any moment, and does its rest the next time.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from broadsheet.config import Config
from broadsheet.gate.keys import house_key, open_keys
from broadsheet.release import release
from broadsheet.site.first_start import FirstStart
from broadsheet.site.locks import SERVER, take
from broadsheet.site.setup import Answers, ask, guesses, is_interactive

# Models are imported inside the steps: they exist only once Django has been set up.


def prepare(config: Config) -> None:
    """Bring the data folder to where this release can serve from it, and say how to sign in."""
    began = time.monotonic()
    make_folders(config)
    refuse_a_second_server(config)
    answers = first_answers(config)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.site.settings")
    django.setup()
    for step in STEPS:
        step(config)
    password = begin_publication(config, answers)
    say(f"Ready to serve after {time.monotonic() - began:.1f} s.")
    say(welcome(config, password))


def say(line: str) -> None:
    print(line, flush=True)


def make_folders(config: Config) -> None:
    """Folders and keys. Whatever tells who reads or writes is for the owner's eyes only."""
    if not config.data.exists():
        say(f"Making the data folder {config.data}")
    config.data.mkdir(parents=True, exist_ok=True)
    for private in (config.keys, config.run, config.log, config.outbox):
        private.mkdir(exist_ok=True, mode=0o700)
    for public in (config.media, config.static):
        public.mkdir(exist_ok=True)
    open_keys(config.keys)
    house_key(config.keys)


def refuse_a_second_server(config: Config) -> None:
    """Before anything is changed under a server that runs; the supervisor then holds this lock for as long as it lives."""
    lock = take(config.run / SERVER)
    if lock is None:
        raise SystemExit(f"A server is already running on {config.data}.")
    lock.close()


def bring_database_up(config: Config) -> None:
    refuse_a_newer_database()
    if waiting := migrations_waiting():
        say(f"Preparing the database: {waiting} migrations; from nothing this takes about half a minute")
        call_command("migrate", interactive=False, verbosity=0)
    connection.close()


def refuse_a_newer_database() -> None:
    """Serving it might go well for a while, and spoil what the newer release knows and this one does not."""
    if unknown := unknown_migrations():
        raise SystemExit(
            f"The database belongs to a newer release: this one does not know {unknown[0]}. "
            "Go on with that release, or restore the backup that was made before it was installed."
        )


def unknown_migrations() -> list[str]:
    """Of our own apps: those of others may have been put together into fewer."""
    loader = MigrationLoader(connection)
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("broadsheet.")}
    return sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in ours and (app, name) not in loader.disk_migrations
    )


def migrations_waiting() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def collect_static_files(config: Config) -> None:
    """Hashed names: files of the release before stay, for pages that are still open somewhere."""
    mark = config.static / ".release"
    if mark.exists() and mark.read_text() == release():
        return
    say("Collecting style sheets, scripts and fonts")
    call_command("collectstatic", interactive=False, verbosity=0)
    mark.write_text(release())


def drop_pages_of_other_releases(config: Config) -> None:
    from broadsheet.newsroom.purge import page_store

    if gone := page_store().drop_other_releases(release()):
        say(f"Removed {gone} stored pages that another release had made")


def drop_pages_of_other_ways_to_pay(config: Config) -> None:
    """Pages ask for gifts only where some can be taken, which PAYMENTS decides, too."""
    from broadsheet.giving.models import APPEALS_TAG, IS_OPEN_TAG
    from broadsheet.newsroom.purge import page_store

    mark, payments = config.run / "payments", ",".join(config.payments)
    if mark.exists() and mark.read_text() == payments:
        return
    page_store().purge([APPEALS_TAG, IS_OPEN_TAG])
    mark.write_text(payments)


def carry_out_left_purges(config: Config) -> None:
    """A crash between a change and its purge must not leave the old page to the first reader."""
    from broadsheet.newsroom.purge import carry_out_purges

    if left := carry_out_purges():
        say(f"Carried out {left} purges that the last run left behind")


def fill_search_index(config: Config) -> None:
    """After an upgrade from a release that had none. Afterwards every act keeps it."""
    from broadsheet.newsroom.searching.index import fill_if_empty

    if count := fill_if_empty():
        say(f"Made the search index of {count:,} articles")


def have_share_cards_drawn(config: Config) -> None:
    """After an upgrade from a release that had none, or drew them otherwise. Afterwards every act has its own drawn."""
    from broadsheet.interchange.share_cards.tasks import draw_those_missing

    if draw_those_missing():
        say("The worker will draw the share cards that are missing")


def write_down_page(config: Config) -> None:
    from broadsheet.site import down

    down.write_down_page(config)


def put_meter_in_force(config: Config) -> None:
    from broadsheet.meter.force import publish_snapshot

    publish_snapshot()


STEPS: list[Callable[[Config], None]] = [
    bring_database_up,
    collect_static_files,
    carry_out_left_purges,
    drop_pages_of_other_releases,
    drop_pages_of_other_ways_to_pay,
    put_meter_in_force,
    write_down_page,
    fill_search_index,
    have_share_cards_drawn,
]


def first_answers(config: Config) -> Answers:
    """What the first start of an empty publication is told: by the environment, or else by whoever sits at the terminal.
    Where nobody does, the newsroom's first screen asks."""
    given = Answers.from_settings(config)
    if config.demo or FirstStart.read(config) is not None or given != Answers() or not is_interactive():
        return given
    return ask(guesses(made_up_editor(config)))


def begin_publication(config: Config, answers: Answers) -> str | None:
    """On the first start, the demo edition or an empty publication, and an editor; the editor's password, shown this once."""
    if FirstStart.read(config) is not None:
        return None
    if config.demo:
        from broadsheet.interchange.demo.load import load_demo

        say("Loading the demo edition")
        load_demo(say)
    else:
        name_publication(answers)
    email = answers.editor or made_up_editor(config)
    password = give_editor(email)
    FirstStart(email, config.demo).write(config)
    return password


def name_publication(answers: Answers) -> None:
    """As answered; without any answer, only its plain pages are begun, and the newsroom asks."""
    from broadsheet.newsroom.acts.set_up import begin_plain_pages, set_up
    from broadsheet.newsroom.models import Publication

    if answers.names_a_publication:
        set_up(name=answers.name, language=answers.language, zone=answers.zone)
    else:
        begin_plain_pages(Publication.ours())


def set_up_by_command(config: Config, answers: Answers) -> str:
    """`broadsheet setup`, before the first start or any time later; what to tell whoever typed it. Without answers it asks."""
    from broadsheet.newsroom.models import Publication

    make_folders(config)
    bring_database_up(config)
    first = FirstStart.read(config)
    if answers == Answers():
        now = Publication.ours()
        answers = ask(Answers(now.name, now.language, now.zone, "" if first else made_up_editor(config)))
    name_publication(answers)
    said = []
    if answers.editor or first is None:
        email = answers.editor or made_up_editor(config)
        said.append(f"{email} signs in at {config.base_url}/admin/ with the password {give_editor(email)}")
        FirstStart(email, demo=first.demo if first else False).write(config)
    publication = Publication.ours()
    said.insert(0, f"{publication.name}, language {publication.language}, time zone {publication.zone}.")
    return "\n".join(said)


def give_editor(email: str) -> str:
    """An account that may run the newsroom, with a new password; the password."""
    from broadsheet.readers.acts.create_editor import create_editor

    password = new_password()
    create_editor(email, password)
    return password


def new_password() -> str:
    return "-".join(secrets.token_hex(3) for _ in range(3))


def forget_demo(config: Config) -> None:
    """The demo edition was taken out: from now on it is a publication of its own."""
    first = FirstStart.read(config)
    if first is not None:
        FirstStart(first.editor, demo=False).write(config)


def made_up_editor(config: Config) -> str:
    """The first editor's address where nobody gives one. A number is no domain."""
    host = urlsplit(config.base_url).hostname or "localhost"
    is_name = any(letter.isalpha() for letter in host.rpartition(".")[2]) and ":" not in host
    return f"editor@{host if is_name else 'localhost'}"


def welcome(config: Config, password: str | None) -> str:
    """The last words before serving: where it is, how to sign in, where mails go."""
    first = FirstStart.read(config)
    editor = first.editor if first else made_up_editor(config)
    lines = [f"\n  The publication   {config.base_url}/", f"  The newsroom      {config.base_url}/admin/"]
    if password is not None:
        lines += [f"  Sign in as        {editor}", f"  with the password {password}", "  It is shown only now."]
    else:
        lines += [
            f"  Sign in as        {editor}, with the password shown at the first start.",
            f"  A new password    {_command()} create-editor {editor}",
        ]
    if config.email_url:
        server = urlsplit(config.email_url)
        lines.append(f"  Mail goes to      {server.scheme}://{server.hostname}")
    else:
        lines.append(f"  Mail is written   {config.outbox}/*.eml: codes to sign in with, too")
    lines.append("  Ctrl-C stops everything.\n")
    return "\n".join(lines)


def _command() -> str:
    """What to type for `broadsheet` from here."""
    return "broadsheet" if shutil.which("broadsheet") else ".venv/bin/broadsheet"
