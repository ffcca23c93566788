"""`azml status`: endpoints and deployments, their states and shares."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Literal

from rich.markup import escape
from rich.table import Table

from azml.cli import terminal
from azml.cli.clone import find_clone
from azml.cli.endpoints.endpoints import OnlineEndpoint, read_all
from azml.cli.endpoints.firing import FiringAlert, firing
from azml.cli.failure import CommandError
from azml.cli.options import JsonOption, StackOption
from azml.cli.stacks import stacks

NUMBERS = ("traffic", "mirror", "instances")
GOOD = {"Succeeded": "green", "Failed": "red", "Canceled": "red"}


def status(stack: StackOption = None, as_json: JsonOption = False) -> None:
    """Show endpoints and deployments: states, shares, instances, and the alerts that fire."""
    connection = stacks.connect(stacks.choose(find_clone(), stack))
    found = read_all(connection)
    try:
        alerts, unread = firing(connection), ""
    except CommandError as failed:
        alerts, unread = {}, failed.message
    if as_json:
        terminal.machine(
            [
                document(endpoint, None if unread else alerts.get(endpoint.name.lower(), []))
                for endpoint in found
            ]
        )
        return
    console = terminal.out()
    if not found:
        console.print(f"workspace {connection.workspace.name} has no endpoint; `pulumi up` creates them")
    for endpoint in found:
        console.print(f"[bold]{endpoint.name}[/bold]  {_state(endpoint.state)}  {endpoint.scoring_uri}")
        console.print(_table([endpoint]))
        for alert in alerts.get(endpoint.name.lower(), ()):
            line = f"{alert.rule} ({alert.severity}) since {alert.since}: {alert.description}"
            console.print(f"  [red]alert[/] {escape(line)}")
    if unread:
        console.print(f"[dim]{escape(unread)}[/]")


def document(endpoint: OnlineEndpoint, alerts: Sequence[FiringAlert] | None = None) -> dict[str, Any]:
    """One endpoint as JSON. Shares are percents; field names are Azure ML's own.

    `alerts` are those that fire; None where they could not be read.
    """
    return {
        "name": endpoint.name,
        "workspace": endpoint.workspace.name,
        "resource_group": endpoint.workspace.resource_group,
        "subscription_id": endpoint.workspace.subscription_id,
        "provisioning_state": endpoint.state,
        "auth_mode": endpoint.auth_mode,
        "scoring_uri": endpoint.scoring_uri,
        "traffic": dict(endpoint.traffic),
        "mirror_traffic": dict(endpoint.mirror_traffic),
        "deployments": [
            {
                "name": deployment.name,
                "provisioning_state": deployment.state,
                "traffic": endpoint.traffic.get(deployment.name, 0),
                "mirror_traffic": endpoint.mirror_traffic.get(deployment.name, 0),
                "instance_type": deployment.instance_type,
                "instance_count": deployment.instance_count,
                "model": short(deployment.properties.get("model")),
            }
            for deployment in endpoint.deployments
        ],
        "alerts": None if alerts is None else [asdict(alert) for alert in alerts],
    }


def short(asset_id: str | None) -> str | None:
    """A registered asset as `name:version`, from its ARM id."""
    parts = (asset_id or "").strip("/").split("/")
    return f"{parts[-3]}:{parts[-1]}" if len(parts) > 3 and parts[-2] == "versions" else asset_id


def _table(endpoints: Iterable[OnlineEndpoint]) -> Table:
    table = Table(box=None, pad_edge=True, show_edge=False, header_style="dim")
    for title in ("deployment", "state", "traffic", "mirror", "instances", "type", "model"):
        justify: Literal["right", "left"] = "right" if title in NUMBERS else "left"
        table.add_column(title, justify=justify, no_wrap=title != "model", overflow="fold")
    for endpoint in endpoints:
        for one in endpoint.deployments:
            table.add_row(
                one.name,
                _state(one.state),
                f"{endpoint.traffic.get(one.name, 0)} %",
                f"{endpoint.mirror_traffic.get(one.name, 0)} %",
                str(one.instance_count),
                one.instance_type,
                short(one.properties.get("model")) or "",
            )
    return table


def _state(state: str) -> str:
    return f"[{GOOD.get(state, 'yellow')}]{state}[/]"
