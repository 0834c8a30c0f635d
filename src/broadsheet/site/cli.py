"""The command line: `broadsheet serve`, and everything else an installer types."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from broadsheet.config import SETTINGS, BadSetting, Config, config

# What a command needs is imported when it runs: --help answers at once, and the server's supervisor never loads Django.

Run = Callable[[Config, argparse.Namespace], int]


@dataclass(frozen=True)
class Command:
    name: str
    help: str
    run: Run
    arguments: Sequence[tuple[str, dict[str, object]]] = field(default=())
    parts: Sequence[Command] = field(default=())  # `broadsheet NAME PART`; then `run` is never asked


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 well, 1 it failed or found something, 2 it was asked for wrongly."""
    args = _parser().parse_args(argv)
    command: Command = args.command
    try:
        settings = config()
    except BadSetting as wrong:
        return _refuse(str(wrong))
    except OSError as wrong:
        return _refuse(f"BROADSHEET_DATA must be a folder this user can write to. {wrong.filename}: {wrong.strerror}.")
    try:
        return command.run(settings, args)
    except BadSetting as wrong:
        return _refuse(str(wrong))
    except KeyboardInterrupt:
        return 130
    except Exception as fault:
        if not _is_database_down(fault):
            raise
        print(f"The database does not answer: {fault}".strip(), file=sys.stderr)
        return 1


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 2


def _is_database_down(fault: Exception) -> bool:
    django_db = sys.modules.get("django.db")
    return django_db is not None and isinstance(fault, django_db.OperationalError)


def _serve(config: Config, args: argparse.Namespace) -> int:
    from broadsheet.site.first_start import FirstStart
    from broadsheet.site.serve import port_fault
    from broadsheet.site.start import prepare

    # A first start takes a minute: who cannot listen after it is told before. Later, what a crash left may hold the port;
    # the server ends that first.
    is_hindered = FirstStart.read(config) is None and port_fault(config) != ""
    if not is_hindered:
        prepare(config)
    # A new program in the same process: the supervisor that follows carries none of Django's memory.
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "broadsheet.site.serve"])


def _prepare(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.site.start import STEPS, drop_pages_of_other_releases

    for step in STEPS:
        if not (args.keep_pages and step is drop_pages_of_other_releases):
            step(config)
    return 0


def _worker(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.site.worker import main as work

    return work() or 0


def _migrate(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=1)
    return 0


def _demo(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.interchange.demo.load import load_demo

    print(load_demo(progress=print))
    return 0


def _doctor(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.site.doctor import examine

    findings = examine(config)
    for finding in findings:
        print(f"{finding.wrong}\n    {finding.advice}")
    print("Nothing is wrong." if not findings else f"\n{len(findings)} finding{'s' * (len(findings) > 1)}.")
    return 1 if findings else 0


def _index_search(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.newsroom.searching.index import rebuild

    def say(done: int, of: int) -> None:
        print(f"{done:,} of {of:,} articles", flush=True)

    print(f"Readers find {rebuild(say):,} articles.")
    return 0


def _rotate_keys(config: Config, args: argparse.Namespace) -> int:
    from broadsheet.gate.keys import open_keys

    version = open_keys(config.keys).rotate()
    print(f"Reader cookies are now signed with key {version}. Those signed with the key before it are still good.")
    return 0


def _create_editor(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.site.start import new_password
    from broadsheet.staff.acts.give_role import create_with_role

    password = new_password()
    create_with_role(args.email, password, args.role)
    print(f"{args.email} signs in at {config.base_url}/admin/ with the password {password}")
    return 0


def _recover_editor(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.site.start import new_password
    from broadsheet.staff.acts.recover_editor import NoSuchEditor, recover_editor

    password = new_password()
    try:
        recover_editor(args.email, password)
    except NoSuchEditor:
        print(f"Nobody with the address {args.email} works here; create-editor makes an account.", file=sys.stderr)
        return 1
    print(f"{args.email} signs in at {config.base_url}/admin/ with the password {password}, without a second factor.")
    return 0


def _setup(config: Config, args: argparse.Namespace) -> int:
    from broadsheet.site import setup

    try:
        answers = setup.checked(args.name, args.language, args.zone, args.editor)
    except ValueError as wrong:
        return _refuse(str(wrong))
    if answers == setup.Answers() and not setup.is_interactive():
        return _refuse("Say at least one of --name, --language, --zone and --editor; at a terminal you are asked.")
    _load_django()
    from broadsheet.site.start import set_up_by_command

    print(set_up_by_command(config, answers))
    return 0


def _remove_demo(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.interchange.demo.remove import plan, remove_demo
    from broadsheet.site.start import forget_demo

    planned = plan()
    print(planned)
    if planned.is_empty:
        forget_demo(config)
        return 0
    if not args.yes:
        if not sys.stdin.isatty():
            return _refuse("Nothing was removed. Say --yes to remove all this without being asked.")
        if input("Remove all this? It cannot be undone. Type yes: ").strip().lower() != "yes":
            print("Nothing was removed.")
            return 1
    print(remove_demo(planned, progress=print))
    forget_demo(config)
    return 0


def _backup(config: Config, args: argparse.Namespace) -> int:
    from broadsheet.site.backup import BackupFault, backup, say_on_stderr, verify

    try:
        if args.verify:
            verify(args.file, say_on_stderr)
        else:
            backup(config, args.file, args.force, say_on_stderr)
    except BackupFault as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def _restore(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.site.backup import BackupFault, say_on_stderr
    from broadsheet.site.restore import chain_faults, restore

    try:
        manifest = restore(config, args.file, args.force, say_on_stderr)
    except BackupFault as refused:
        print(refused, file=sys.stderr)
        return 1
    faults = chain_faults(manifest)
    for fault in faults[:10]:
        print(f"The record of versions does not hold: {fault}.", file=sys.stderr)
    if not faults:
        say_on_stderr(f"The record of {manifest.counts.versions} versions holds. Restored to {config.data}.")
    return 1 if faults else 0


def _reload(config: Config, args: argparse.Namespace) -> int:
    from broadsheet.site.reload import ask_to_reload

    return ask_to_reload(config)


def _ledger_check(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.site.ledger import check

    return check(args.since, args.mend)


def _ledger_export(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.site.ledger import export

    return export(args.what, args.year, args.file, names=args.names, force=args.force)


def _ledger_correct(config: Config, args: argparse.Namespace) -> int:
    _load_django()
    from broadsheet.site.ledger import enter_correction

    return enter_correction(
        args.debit, args.credit, args.amount, args.currency, note=args.why, by=args.by, of=args.of, at=args.at
    )


def _of_parts(config: Config, args: argparse.Namespace) -> int:
    raise AssertionError("the parser asks for one of the parts")


def _load_django() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.site.settings")
    django.setup()


_LEDGER = [
    Command(
        "check",
        "look whether the books are whole, and compare them with every payment provider to the cent",
        _ledger_check,
        [
            ("--since", {"default": "", "help": "from this day on, such as 2026-01-31; default 35 days ago"}),
            ("--mend", {"action": "store_true", "help": "read what is missing here at the provider, and post it"}),
        ],
    ),
    Command(
        "export",
        "a year for the accountant: a line a donation, or every movement in double entry",
        _ledger_export,
        [
            (
                "what",
                {"choices": ["donations", "journal"], "help": "a table; a journal into FILE.beancount is plain text"},
            ),
            ("--year", {"type": int, "required": True, "help": "by the publication's clock"}),
            ("file", {"type": Path, "help": "where to"}),
            ("--names", {"action": "store_true", "help": "donors by name; default by number"}),
            ("--force", {"action": "store_true", "help": "replace a file that is there"}),
        ],
    ),
    Command(
        "correct",
        "put right by hand what no provider tells; accounts and examples: docs/money.md",
        _ledger_correct,
        [
            (
                "debit",
                {"help": "the account it goes to: bank, balance:stripe, fees, refunds, disputes, gifts, corrections"},
            ),
            ("credit", {"help": "the account it comes from"}),
            ("amount", {"help": "such as 12.50"}),
            ("currency", {"help": "such as EUR"}),
            ("--why", {"required": True, "help": "the reason; it stands in the books for good"}),
            ("--by", {"required": True, "help": "mail address of the account that answers for it"}),
            ("--of", {"default": "", "help": "PROVIDER:KIND:OBJECT, the transaction it puts right"}),
            ("--at", {"default": "", "help": "PROVIDER:OBJECT, a line of the provider's that nothing here stands for"}),
        ],
    ),
]

COMMANDS = [
    Command("serve", "prepare what is missing, then serve readers and editors until stopped", _serve),
    Command("worker", "only the background work: scheduled publishing, sweeps, compression, the reading log", _worker),
    Command(
        "prepare",
        "what serve does first: database, static files, pages of other releases",
        _prepare,
        [("--keep-pages", {"action": "store_true", "help": "leave pages that another release has made"})],
    ),
    Command("migrate", "bring the database to this version", _migrate),
    Command("demo", "load the demo edition into this publication; a second time changes nothing", _demo),
    Command(
        "setup",
        "name the publication, its language, time zone and first editor; without options it asks",
        _setup,
        [
            ("--name", {"default": "", "help": "what it is called"}),
            ("--language", {"default": "", "help": "of its articles: en, de, pt-BR, he …"}),
            ("--zone", {"default": "", "help": "its time zone, such as Europe/Berlin"}),
            ("--editor", {"default": "", "help": "mail address of an editor, who is given a new password"}),
        ],
    ),
    Command(
        "remove-demo",
        "take the demo edition out, and nothing else; says first what it removes, and asks",
        _remove_demo,
        [("--yes", {"action": "store_true", "help": "do not ask"})],
    ),
    Command("doctor", "look for what is wrong with this installation, and say what to do", _doctor),
    Command("ledger", "the money ledger: check it, export it, correct it", _of_parts, parts=_LEDGER),
    Command("index-search", "make the index that readers search anew, while it is served", _index_search),
    Command("rotate-keys", "sign reader cookies with a new key; the last one stays good", _rotate_keys),
    Command(
        "reload",
        "let a running server go on with the program and settings as they are now, dropping no request",
        _reload,
    ),
    Command(
        "backup",
        "write the whole publication into one file, while it is served; the file is as secret as its keys",
        _backup,
        [
            ("file", {"type": Path, "help": "where to; in a folder that is there, a dated name is given"}),
            ("--force", {"action": "store_true", "help": "replace a file that is there"}),
            ("--verify", {"action": "store_true", "help": "write nothing: check a backup from end to end"}),
        ],
    ),
    Command(
        "restore",
        "put a backup into this data folder, after checking all of it",
        _restore,
        [
            ("file", {"type": Path, "help": "the backup"}),
            ("--force", {"action": "store_true", "help": "move what is here aside first"}),
        ],
    ),
    Command(
        "create-editor",
        "an editor's account, or a new password for one that exists",
        _create_editor,
        [
            ("email", {"help": "the editor's address"}),
            (
                "--role",
                {
                    "choices": ["administrator", "publisher", "editor", "reporter"],
                    "default": "administrator",
                    "help": "what they may do; default administrator, which is everything",
                },
            ),
        ],
    ),
    Command(
        "recover-editor",
        "a new password, no second factor and no sessions, for somebody who cannot get in",
        _recover_editor,
        [("email", {"help": "the editor's address"})],
    ),
]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="broadsheet",
        description="A whole news publication in one program.",
        epilog=settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        _add(commands, command)
    return parser


def _add(commands: argparse._SubParsersAction[argparse.ArgumentParser], command: Command) -> None:
    own = commands.add_parser(command.name, help=command.help, description=command.help)
    own.set_defaults(command=command)
    for name, options in command.arguments:
        own.add_argument(name, **options)  # type: ignore[arg-type]
    if command.parts:
        parts = own.add_subparsers(title="parts", metavar="PART", required=True)
        for part in command.parts:
            _add(parts, part)


def settings_help() -> str:
    """Every setting, its default and what it means, as `--help` prints them."""
    lines = [f"settings (environment variables, or lines of {Path('.env')}):"]
    for setting in SETTINGS.values():
        default = f" [{setting.default}]" if setting.default else ""
        lines.append(f"  {setting.variable}{default}\n      {setting.help}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
