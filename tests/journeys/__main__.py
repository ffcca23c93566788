"""`make verify-azure`: run the journeys on a real subscription and say what held of docs/azure-truth.md.

Whatever is made is made in a resource group of its own, and removed at the end, also after Ctrl-C.
"""

import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from azml.azure.arm import Arm
from azml.azure.errors import AzureError
from azml.azure.settings import read_settings
from tests.journeys import truth
from tests.journeys.azure import LOCAL, Azure
from tests.journeys.conftest import RECORD
from tests.journeys.removal import remove_group
from tests.journeys.starting import as_variable, in_subscription, on_this_machine

ROOT = Path(__file__).parents[2]
LEFT = ROOT / ".azml" / "verify-azure.json"
"""Names the resource group of a run that has not removed it yet."""
ESTIMATE = """\
This makes a workspace with its storage, key vault and logs, one online endpoint, and up to three deployments
of one Standard_D2as_v4 instance, in the new resource group {group} in {location}; beside them,
for a look, a storage account, a key vault, logs, identities, role assignments, a policy on the group that
adds a tag, and an Azure ML registry, which has a resource group of its own with a Premium container registry,
for less than an hour. The workspace is deleted and made again.
It takes about 3 to 4 hours, most of it Azure's own time for deployments, and uses about 4 instance hours of
Standard_D2as_v4: at list prices of 2025 about 1 US dollar, the container registry, storage and logs some
cents beside it.
Everything is removed at the end, also after Ctrl-C."""
INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended."""
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(
    subscription: Annotated[str, typer.Argument(help="The subscription's id; `local` for the local Azure.")],
    location: Annotated[str, typer.Option(help="The region.")] = "westeurope",
    report: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("verify-azure.md"),
    only: Annotated[str, typer.Option("-k", help="Only the journeys pytest selects by this.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before anything is made.")] = False,
) -> None:
    """Run the journeys on a subscription, remove what they made, and write the report."""
    if not subscription:
        raise typer.BadParameter("name a subscription: make verify-azure SUBSCRIPTION=<id>, or local")
    for each in INTERRUPTIONS:
        signal.signal(each, signal.default_int_handler)
    remove_left_over()
    folder = Path(tempfile.mkdtemp(prefix="azml-verify-"))
    try:
        if subscription == LOCAL:
            with on_this_machine(folder) as azure:
                code = run(azure, folder, report, only, yes=yes)
        else:
            code = run(in_subscription(folder, subscription, location), folder, report, only, yes=yes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(code)


def run(azure: Azure, folder: Path, report: Path, only: str, *, yes: bool) -> int:
    """Ask, run the journeys, remove, report; pytest's exit code, or 1 when an assumption did not hold."""
    require_access(azure)
    typer.echo(ESTIMATE.format(group=azure.group, location=azure.location))
    if not yes:
        typer.confirm(f"Run it in subscription {azure.subscription}?", abort=True)
    record = folder / "observations.json"
    keep(azure)
    try:
        code = journeys(azure, record, only)
    finally:
        with undisturbed():
            remove(azure.arm, azure.group_id)
    seen = truth.stored(record)
    where = "the local Azure" if azure.local else f"Azure, {azure.location}"
    day = datetime.date.today().isoformat()
    report.write_text(truth.report(seen, truth.PAGE.read_text(), where, day))
    typer.echo(f"\n{report} says what held: paste it into an issue, and set the dates in {truth.PAGE.name}")
    return code or int(any(one.held is False for one in seen))


def require_access(azure: Azure) -> None:
    """Exit with 2 where the subscription cannot be reached as the identity of this shell."""
    try:
        azure.arm.accepted(azure.ask("GET", f"/subscriptions/{azure.subscription}", version="2022-12-01"))
    except AzureError as error:
        typer.echo(f"subscription {azure.subscription} cannot be reached: {error}", err=True)
        raise typer.Exit(2) from None


def journeys(azure: Azure, record: Path, only: str) -> int:
    """Run pytest; its exit code, or 130 when this is interrupted: then all of it ends at once."""
    # Without pytest's own limit: on Azure a journey takes an hour.
    command = [sys.executable, "-m", "pytest", "tests/journeys", "-v", "-m", "journey", "--timeout", "0"]
    command += ["-p", "no:cacheprovider", *(["-k", only] if only else [])]
    environment = {**os.environ, **as_variable(azure), RECORD: str(record)}
    # In a session of its own, which ends as a whole: nothing still writes while all is removed.
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        typer.echo("\ninterrupted: everything that was made is removed now", err=True)
        return INTERRUPTED
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Until this is over, nothing interrupts: a second Ctrl-C is not heard."""
    before = {each: signal.signal(each, signal.SIG_IGN) for each in INTERRUPTIONS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def keep(azure: Azure) -> None:
    """Write down what will have to be removed, before it is made."""
    if azure.local:
        return
    LEFT.parent.mkdir(exist_ok=True)
    LEFT.write_text(json.dumps({"subscription": azure.subscription, "group": azure.group_id}))


def remove_left_over() -> None:
    """Remove what a killed run left."""
    if not LEFT.exists():
        return
    document = json.loads(LEFT.read_text())
    typer.echo(f"an earlier run was killed and left {document['group']}", err=True)
    variables = {**os.environ, "ARM_SUBSCRIPTION_ID": document["subscription"]}
    with undisturbed():
        remove(Arm(read_settings({}, variables)), document["group"])


def remove(arm: Arm, group: str) -> None:
    """Remove the resource group, and what soft deletion would keep of it."""
    typer.echo(f"removing {group} ...", err=True)
    try:
        remove_group(arm, group)
    except AzureError as error:
        name = group.rpartition("/")[2]
        typer.echo(
            f"{group} could not be removed: {error}\nremove it with: az group delete -n {name}", err=True
        )
        raise typer.Exit(1) from None
    typer.echo("removed: nothing of it is left", err=True)
    LEFT.unlink(missing_ok=True)


typer.run(main)
