"""`azml cache`: the scoring environments, shared by the local Azures of all clones."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from azml.cli import terminal
from azml.cli.local import conda_packages, scoring_environments
from azml.cli.local.scoring_environments import CachedEnvironment
from azml.cli.options import JsonOption

cache = typer.Typer(
    no_args_is_help=True, help="The scoring environments in your cache, shared by all clones."
)
DAY = 86_400
SHOWN = 3  # damaged files listed for one environment
UNUSED_FOR = 30
"""Days after which an unused environment is removed by default."""


@cache.command(name="list")
def list_(as_json: JsonOption = False) -> None:
    """Show the environments: size, last use, and the deployments that use them now."""
    found = scoring_environments.cached()
    if as_json:
        terminal.machine([document(one) for one in found])
        return
    console = terminal.out()
    place = scoring_environments.environments_folder()
    if found:
        console.print(_table(found, time.time()))
        own = shown(sum(one.own for one in found))
        console.print(f"{place}: {_counted(found)}, {own} of it used by nothing else")
    else:
        console.print(f"no environment in {place}")
    if packages := conda_packages.size():
        console.print(f"{conda_packages.conda_folder()}: conda's packages, {shown(packages)}")


@cache.command()
def prune(
    older_than: Annotated[
        int, typer.Option(metavar="DAYS", min=0, help="Remove those not used for this many days.")
    ] = UNUSED_FOR,
    unused: Annotated[
        bool,
        typer.Option("--unused", help="Remove every one that no running local Azure uses, whatever its age."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove environments that nothing uses. The next deployment that needs one rebuilds it.

    Conda's packages are removed too if none was downloaded for as long: no environment needs them.
    Environments that a running local Azure of any clone uses, or that are being built, are always kept.
    """
    wanted = to_remove(scoring_environments.cached(), time.time(), 0 if unused else older_than)
    removed = [one for one in wanted if scoring_environments.remove(one)]
    packages = _prune_conda(0 if unused else older_than)
    if as_json:
        terminal.machine([document(one) for one in removed])
        return
    freed = sum(one.own for one in removed)
    typer.echo(f"removed {_counted(removed)}" if removed else "no environment to remove")
    if packages:
        typer.echo(f"removed conda's packages, {shown(packages)}")
    if removed and freed < sum(one.size for one in removed):
        typer.echo(f"{shown(freed)} freed; uv's own cache still has the other files: uv cache prune")


@cache.command()
def verify(as_json: JsonOption = False) -> None:
    """Check whether every environment is as it was built; exit code 1 when one is not.

    The next deployment that needs a damaged one rebuilds it. Nothing that runs is stopped.
    """
    found = [one for one in scoring_environments.cached() if one.complete]
    damaged = scoring_environments.damaged(found)
    for one in found:
        if one.name in damaged:
            scoring_environments.have_built_anew(one)
    if as_json:
        terminal.machine([{**document(one), "damaged": list(damaged.get(one.name, ()))} for one in found])
    else:
        for line in verdicts(damaged):
            typer.echo(line)
        typer.echo(f"{len(found)} checked, {len(damaged)} damaged")
    raise typer.Exit(1 if damaged else 0)


def verdicts(damaged: Mapping[str, Sequence[str]]) -> list[str]:
    """A line for each damaged environment."""
    return [
        f"{name} is damaged: {', '.join(paths[:SHOWN])}"
        f"{f' and {len(paths) - SHOWN} more' if len(paths) > SHOWN else ''}; "
        "the next deployment that needs it rebuilds it"
        for name, paths in damaged.items()
    ]


def _prune_conda(days: int) -> int:
    """Remove conda's packages if the last was downloaded `days` ago or earlier; returns the bytes freed."""
    last = conda_packages.last_loaded()
    if not last or time.time() - last < days * DAY:
        return 0
    size = conda_packages.size()
    return size if conda_packages.remove() else 0


def to_remove(found: Iterable[CachedEnvironment], now: float, days: int) -> list[CachedEnvironment]:
    """The environments unused for `days`, and the remains of killed builds, whatever their age."""
    return [
        one for one in found if not one.used_by and (not one.complete or now - one.last_used >= days * DAY)
    ]


def document(one: CachedEnvironment) -> dict[str, Any]:
    """One environment as JSON. Sizes are bytes, times seconds since the epoch."""
    return {
        "name": one.name,
        "path": str(one.folder),
        "size": one.size,
        "own_size": one.own,
        "last_used": int(one.last_used),
        "complete": one.complete,
        "requirements": list(one.requirements),
        "used_by": list(one.used_by),
    }


def shown(size: int) -> str:
    """A number of bytes in readable units."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def ago(seconds: float) -> str:
    """How long ago, in days."""
    days = int(seconds // DAY)
    return "today" if days < 1 else "yesterday" if days == 1 else f"{days} days ago"


def _table(found: Iterable[CachedEnvironment], now: float) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    for title in ("environment", "size", "last used", "used by", "holds"):
        table.add_column(title, justify="right" if title == "size" else "left", overflow="fold")
    for one in found:
        holds = ", ".join(one.requirements) if one.complete else "not complete"
        table.add_row(
            one.name, shown(one.size), ago(now - one.last_used), "\n".join(one.used_by) or "-", holds
        )
    return table


def _counted(found: list[CachedEnvironment]) -> str:
    size = shown(sum(one.size for one in found))
    return f"{len(found)} environment{'' if len(found) == 1 else 's'}, {size}"
