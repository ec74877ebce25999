"""The front door: `nagarvani` and its commands; each imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from commands.app_setup import command_settings as _settings
from commands.app_setup import log_settings, require_sandbox, service_settings
from commands.mail_group import mail
from commands.people_group import people
from commands.process import keeping_exit_code, pause_collector
from commands.register_group import register
from commands.server_group import config, db, media, queue, release, stop_all, tasks
from publisher.settings.logs import configure
from publisher.settings.reader import WrongSetting


def main() -> None:
    """Run a command; a wrong setting is reported in one clear sentence, not by a traceback."""
    configure(log_settings())
    from commands.private_files import take_from_others

    take_from_others()
    # PostgreSQL lists its connections by this name.
    os.environ.setdefault("PGAPPNAME", " ".join(["nagarvani", *sys.argv[1:2]]))
    with keeping_exit_code():
        try:
            nagarvani(standalone_mode=True)
        except WrongSetting as problem:
            click.echo(str(problem), err=True)
            sys.exit(2)


def _print_version(context: click.Context, _option: click.Parameter, is_given: bool) -> None:
    """Print the versions of the package, of Python, and of the tables, and exit."""
    if not is_given or context.resilient_parsing:
        return
    import platform
    from importlib import metadata

    from publisher.database.revisions import latest_revision

    click.echo(f"nagarvani {metadata.version('nagarvani')}")
    click.echo(f"Python {platform.python_version()}")
    click.echo(f"tables {latest_revision()}")
    context.exit()


@click.group()
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the versions of package, Python and tables, and exit.",
)
def nagarvani() -> None:
    """The publishing desk of a city."""


for command in (config, db, mail, media, people, queue, register, release, stop_all, tasks):
    nagarvani.add_command(command)


@nagarvani.command()
@click.option("--port", default=8000, show_default=True, help="Port on 127.0.0.1; two more follow.")
@click.option("--fresh", is_flag=True, help="Start anew: what the demo holds is removed.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Where the demo keeps everything.",
)
def demo(port: int, fresh: bool, folder: Path) -> None:
    """The whole house with an invented city, in this terminal; Ctrl-C ends all of it."""
    with pause_collector():
        from commands.demo.running import run

    sys.exit(run(port=port, fresh=fresh, folder=folder.resolve()))


@nagarvani.command(hidden=True)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("sandbox_url")
def seed(folder: Path, sandbox_url: str) -> None:
    """Let the city of a demo or a rehearsal live up to today; `nagarvani demo` starts it."""
    with pause_collector():
        from commands.demo.city import enliven

    enliven(folder, sandbox_url)


@nagarvani.command()
@click.option("--port", default=8801, show_default=True, help="Port on 127.0.0.1; 0: a free one.")
@click.option("--smtp-port", default=8802, show_default=True, help="Port of the letterbox.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/sandbox"),
    show_default=True,
    help="Folder of the ledger.",
)
@click.option("--ready", type=click.Path(path_type=Path), help="JSON file to write then.")
def sandbox(port: int, smtp_port: int, state: Path, ready: Path | None) -> None:
    """The practice platforms: a stand-in for X and Facebook, with a letterbox."""
    require_sandbox()
    with pause_collector():
        from sandbox.__main__ import write_addresses
        from sandbox.server import SandboxAddresses, serve

    def tell(places: SandboxAddresses) -> None:
        if ready is not None:
            write_addresses(ready, places)

    serve(host="127.0.0.1", port=port, smtp_port=smtp_port, path=state, ready=tell)


@nagarvani.command()
@click.option(
    "--bind",
    multiple=True,
    metavar="ADDRESS",
    help="Where to listen, such as 127.0.0.1:8000 or unix:/run/nagarvani/web.sock; may be repeated."
    " Without one: NAGARVANI_BIND, or 127.0.0.1:8000.",
)
@click.option("--port", type=click.IntRange(1, 65_535), help="Port on 127.0.0.1, for --bind.")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes; else NAGARVANI_WORKERS, or 2."
)
@click.option(
    "--threads",
    type=click.IntRange(1, 16),
    help="Threads of each process; else NAGARVANI_THREADS, or 4.",
)
def web(bind: tuple[str, ...], port: int | None, workers: int | None, threads: int | None) -> None:
    """Serve the pages with gunicorn; a web server with TLS stands before it."""
    settings = service_settings()
    from commands.web_server import override, run

    run(
        settings, override(settings.serving, bind=bind, port=port, workers=workers, threads=threads)
    )


@nagarvani.command()
@click.option("--once", is_flag=True, help="Run whatever is due, once, and exit.")
def clock(once: bool) -> None:
    """Publish what is due, look after it, read comments, send mails."""
    settings = service_settings()
    with pause_collector():
        import scheduler
        from commands.app_setup import open_clock_context, open_worker_context
        from commands.single_instance import only_clock

    context = open_clock_context(open_worker_context(settings), settings)
    with context.database, only_clock(context.database):
        if once:
            for name, done in scheduler.run_once(context, settings).items():
                click.echo(f"{name}: {done}")
        else:
            scheduler.run(context, settings)


@nagarvani.command()
def init() -> None:
    """Lay tables, register and accounts; running it again is fine."""
    settings = _settings(makes_key=True)
    from commands.init import run

    run(settings)


@nagarvani.command()
@click.option("--try", "tries", is_flag=True, help="Try too whether pages take unpublished posts.")
@click.option("--yes", is_flag=True, help="Do not ask before trying.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; exit code 0, 1 or 2.")
def doctor(tries: bool, yes: bool, as_json: bool) -> None:
    """Check everything, one line each, with what to do."""
    if tries and as_json:
        raise click.UsageError("--try asks and prints lines: run it without --json.")
    settings = _settings()
    from commands.doctor import run, run_as_json, try_out

    if as_json:
        sys.exit(run_as_json(settings))
    code = run(settings)
    sys.exit(max(code, try_out(settings, yes=yes)) if tries else code)


@nagarvani.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--keep", type=click.IntRange(min=1), help="Keep this many backups of the folder TARGET."
)
@click.option("--without-media", is_flag=True, help="Leave photos, videos and mails out.")
def backup(target: Path, keep: int | None, without_media: bool) -> None:
    """Write database and media into one file, while everything goes on working.

    TARGET is a file, a folder in which the file is named by its time, or - for standard output.
    """
    from commands.backup import write

    write(_settings(), target, keep=keep, with_media=not without_media)


@nagarvani.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Fill an empty database from a backup; the house then starts under a stop."""
    from commands.backup import restore as restore_from

    restore_from(_settings(), file)


@nagarvani.group()
def accounts() -> None:
    """The city's accounts on the platforms, and their sealed access."""


@accounts.command("list")
def list_accounts() -> None:
    """Say which there are, whose, in which state, and what of their access ends."""
    from commands.accounts import show

    show(_settings())


@accounts.command("rotate-keys")
def rotate_keys() -> None:
    """Seal every access anew under the newest key; afterwards older keys can go."""
    from commands.accounts import rotate

    sys.exit(rotate(_settings()))


@accounts.command("forget-all")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--lost-key", is_flag=True, help="End the second factors that no key opens, too.")
def forget_all(yes: bool, lost_key: bool) -> None:
    """Disconnect every account and forget all access at once."""
    from commands.accounts import forget

    forget(_settings(), yes=yes, key_is_lost=lost_key)


@nagarvani.group()
def rehearse() -> None:
    """Practice houses for trainers, each with a database and platforms of its own."""


_scenario = click.argument("scenario", type=click.Choice(["monsoon", "noon", "lag"]))


@rehearse.command("start")
@_scenario
@click.option("--port", type=int, help="First of three ports on 127.0.0.1; else free ones.")
def start_rehearsal(scenario: str, port: int | None) -> None:
    """Start one: a monsoon day, a token that ends at noon, or a platform that lags."""
    from commands.rehearsal.cli import start
    from demo.rehearsals.scenarios import Scenario

    start(_settings(), Scenario(scenario), port=port)


@rehearse.command("list")
def list_rehearsals() -> None:
    """Say which there are, where, and whether they run."""
    from commands.rehearsal.cli import show

    show(_settings())


@rehearse.command("drop")
@_scenario
def drop_rehearsal(scenario: str) -> None:
    """End one and remove its database, pictures and practice platforms."""
    from commands.rehearsal.cli import drop
    from demo.rehearsals.scenarios import Scenario

    drop(_settings(), Scenario(scenario))


@rehearse.command("run", hidden=True)
@_scenario
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--port", type=int, required=True)
@click.option("--lock", type=int, required=True)
def run_rehearsal(scenario: str, folder: Path, port: int, lock: int) -> None:
    """The command that `rehearse start` leaves running."""
    from commands.demo.running import run_rehearsal
    from demo.rehearsals.scenarios import Scenario

    sys.exit(run_rehearsal(scenario=Scenario(scenario), folder=folder, port=port, lock=lock))


if __name__ == "__main__":
    main()
