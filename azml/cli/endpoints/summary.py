"""The summary at the end of `azml up`: what answers, where, and what to try next."""

import os
import shlex
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from azml.cli.clone import Clone
from azml.cli.endpoints.endpoints import shares
from azml.cli.endpoints.sample import Trial
from azml.cli.endpoints.scoring import read_request
from azml.cli.endpoints.studio_link import link_to
from azml.cli.endpoints.trouble import Trouble
from azml.cli.local.local_azure import LocalAzure


def show(
    console: Console, clone: Clone, azure: LocalAzure, trials: list[Trial], troubles: list[Trouble]
) -> None:
    """Print predictions, the observed split, addresses and commands to paste; then what does not serve."""
    for trial in trials:
        console.print()
        console.print(f"[bold]{trial.endpoint.name}[/bold]  {escape(trial.endpoint.scoring_uri)}")
        for line in predicted(trial):
            console.print(f"  {escape(line)}")
    azml = shlex.quote(clone.shown(clone.environment / "bin" / "azml"))
    console.print()
    served = [trial for trial in trials if trial.split]
    if served:
        console.print("[dim]try it yourself[/dim]")
    for trial in served:
        console.print(f"  {escape(curl(clone, azure, trial, azml))}")
    console.print("[dim]studio, in a browser (this link works once; azml studio gives another)[/dim]")
    console.print(f"  {escape(link_to(clone, azure))}")
    console.print("[dim]logs[/dim]")
    console.print(f"  {escape(clone.shown(clone.logs / 'emulator.log'))}  the local Azure")
    for trial in trials:
        for deployment in trial.endpoint.deployments:
            console.print(f"  {escape(azml)} logs {trial.endpoint.name} {deployment.name}")
    console.print("[dim]try next[/dim]")
    for line in suggestions(azml, trials):
        console.print(f"  {escape(line)}")
    if troubles:
        console.print("[red]does not serve[/red]")
    for trouble in troubles:
        console.print(f"  {escape(trouble.line(azml))}{'' if trouble.serious else '  (it has no users)'}")


def predicted(trial: Trial) -> list[str]:
    """Each deployment's answer, and the observed split."""
    width = max((len(one.deployment) for one in trial.predictions), default=0)
    lines = [
        f"{one.deployment:<{width}}  {trial.endpoint.traffic.get(one.deployment, 0):>3} %  {one.answer}"
        f"  ({one.milliseconds:.0f} ms)"
        for one in trial.predictions
    ]
    total = sum(trial.split.values())
    if total:
        seen = ", ".join(f"{name} {count}" for name, count in trial.split.items())
        lines.append(f"{total} requests through the split ({shares(trial.endpoint.traffic)}): {seen}")
    elif not trial.endpoint.traffic:
        lines.append("no deployment has traffic")
    return lines


def curl(clone: Clone, azure: LocalAzure, trial: Trial, azml: str) -> str:
    """A line for any POSIX shell. The key passes between programs and never shows on the screen."""
    words = ["curl", "--cacert", clone.shown(azure.ca)]
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        words += ["--noproxy", "127.0.0.1"]
    line = shlex.join(words)
    header = f'-H "$({azml} keys header {shlex.quote(trial.endpoint.name)})"'
    kind = f"Content-Type: {read_request(trial.request).content_type}"
    rest = ["-H", kind, "--data-binary", f"@{clone.shown(trial.request)}"]
    return f"{line} {header} {shlex.join([*rest, trial.endpoint.scoring_uri])}"


def suggestions(azml: str, trials: list[Trial]) -> list[str]:
    """Useful commands to run next."""
    lines = [f"{azml} status"]
    for trial in [trial for trial in trials if trial.predictions][:1]:
        request = shlex.quote(str(_relative(trial.request)))
        slot = trial.predictions[-1].deployment
        lines.append(f"{azml} invoke {trial.endpoint.name} -d {slot} -f {request}")
    return [
        *lines,
        f'eval "$({azml} emulator env)" && cd local && pulumi preview',
        "edit traffic in local/Pulumi.local.yaml, or a file in scoring/, and make up again",
        "make down",
    ]


def _relative(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
