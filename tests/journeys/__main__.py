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
from pathlib import Path
from typing import Annotated

import typer

from azml.azure.arm import Arm
from azml.azure.errors import AzureError
from azml.azure.settings import read_settings
from tests.journeys import truth
from tests.journeys.azure import LOCAL, Azure, as_variable, in_subscription, on_this_machine
from tests.journeys.conftest import RECORD

ROOT = Path(__file__).parents[2]
LEFT = ROOT / ".azml" / "verify-azure.json"
"""Names the resource group of a run that has not removed it yet."""
ESTIMATE = """\
This makes a workspace with its storage, key vault and logs, one online endpoint, and up to three deployments
of one Standard_DS2_v2 instance, in the new resource group {group} in {location}.
It takes about 2 to 3 hours, most of it Azure's own time for deployments, and uses about 4 instance hours of
Standard_DS2_v2: at list prices of 2025 about 1 US dollar, storage and logs a few cents beside it.
Everything is removed at the end, also after Ctrl-C."""
GROUPS_API = "2024-03-01"
MACHINELEARNING_API = "2025-12-01"
VAULTS_API = "2024-11-01"


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
        with azure.arm() as arm:
            remove(arm, azure.group_id)
    seen = truth.stored(record)
    where = "the local Azure" if azure.local else f"Azure, {azure.location}"
    day = datetime.date.today().isoformat()
    report.write_text(truth.report(seen, truth.PAGE.read_text(), where, day))
    typer.echo(f"\n{report} says what held: paste it into an issue, and set the dates in {truth.PAGE.name}")
    return code or int(any(one.held is False for one in seen))


def require_access(azure: Azure) -> None:
    """Exit with 2 where the subscription cannot be reached as the identity of this shell."""
    try:
        with azure.arm() as arm:
            arm.accepted(arm.send("GET", f"/subscriptions/{azure.subscription}", "2022-12-01"))
    except AzureError as error:
        typer.echo(f"subscription {azure.subscription} cannot be reached: {error}", err=True)
        raise typer.Exit(2) from None


def journeys(azure: Azure, record: Path, only: str) -> int:
    """Run pytest; its exit code. Ctrl-C reaches it too, and ends it in good order: wait."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/journeys",
        "-v",
        "-m",
        "journey",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-k", only] if only else []
    environment = {**os.environ, **as_variable(azure), RECORD: str(record)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            typer.echo("\ninterrupted: the journey at work ends, then everything is removed", err=True)


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
    told = json.loads(LEFT.read_text())
    typer.echo(f"an earlier run was killed and left {told['group']}", err=True)
    variables = {**os.environ, "ARM_SUBSCRIPTION_ID": told["subscription"]}
    remove(Arm(read_settings({}, variables)), told["group"])


def remove(arm: Arm, group: str) -> None:
    """Remove the resource group, and what soft deletion would keep of it. A second Ctrl-C is not heard."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    typer.echo(f"removing {group} ...", err=True)
    try:
        vaults = delete_workspaces(arm, group)
        arm.delete(group, GROUPS_API)
        for vault in vaults:
            arm.post(f"{vault}/purge", VAULTS_API)
    except AzureError as error:
        name = group.rpartition("/")[2]
        typer.echo(
            f"{group} could not be removed: {error}\nremove it with: az group delete -n {name}", err=True
        )
        raise typer.Exit(1) from None
    finally:
        signal.signal(signal.SIGINT, before)
    LEFT.unlink(missing_ok=True)


def delete_workspaces(arm: Arm, group: str) -> list[str]:
    """Delete the group's workspaces for good; the ids under which its vaults will be when soft-deleted."""
    subscription = group.partition("/resourceGroups/")[0]
    machine_learning = f"{group}/providers/Microsoft.MachineLearningServices/workspaces"
    for workspace in (arm.get(machine_learning, MACHINELEARNING_API) or {}).get("value", []):
        arm.delete(str(workspace["id"]), MACHINELEARNING_API, {"forceToPurge": "true"})
    found = (arm.get(f"{group}/providers/Microsoft.KeyVault/vaults", VAULTS_API) or {}).get("value", [])
    deleted = f"{subscription}/providers/Microsoft.KeyVault/locations"
    return [f"{deleted}/{vault['location']}/deletedVaults/{vault['name']}" for vault in found]


typer.run(main)
