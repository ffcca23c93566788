"""`azml up`: from a clone, or from whatever a killed run left, to predictions."""

import shlex
from typing import Annotated

import typer

from azml.azure.endpoints import ALLOW_VARIABLE
from azml.azure.errors import AzureError
from azml.cli import terminal
from azml.cli.clone import Clone, find_clone
from azml.cli.endpoints import endpoints, summary, trouble
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.endpoints.sample import Trial, ask, find_request
from azml.cli.endpoints.trouble import Trouble
from azml.cli.failure import NotThereError
from azml.cli.local import disk_space, local_azure
from azml.cli.local.engine import Engine, UpdateFailed, environment
from azml.cli.local.lifecycle import find_pulumi, require_platform, start
from azml.cli.options import PORT, SCORING_PORT, PortOption, ScoringPortOption
from azml.cli.recovery import recovery
from azml.cli.release import slots
from azml.cli.stacks import names, stacks
from azml.cli.stacks.stacks import Connection
from azml.cli.terminal import step
from azml.stack.stack_file import StackEndpoint


def up(
    port: PortOption = PORT,
    scoring_port: ScoringPortOption = SCORING_PORT,
    allow_live_change: Annotated[
        list[str] | None,
        typer.Option(metavar="ENDPOINT", help="Let this endpoint's live deployments change, this time only."),
    ] = None,
) -> None:
    """Start the local Azure, deploy the local stack to it, and send it sample requests."""
    require_platform()
    clone = find_clone()
    with local_azure.alone(clone):
        recovery.end_orphans(clone)
        pulumi = find_pulumi()
        azure = start(clone, port, scoring_port)
        variables = environment(clone, pulumi, azure.environment())
        if allow_live_change:
            variables[ALLOW_VARIABLE] = ",".join(allow_live_change)
        engine = Engine(
            pulumi, clone.local_project, stacks.LOCAL, variables, clone.work, disk_space.needs(clone)
        )
        failure = None
        try:
            deploy(clone, engine)
        except UpdateFailed as failed:
            if not azure.answers():
                raise
            # A failure does not block the others: they are tried and shown before it is reported.
            failure = failed
        trials, troubles = try_out(clone)
    summary.show(terminal.out(), clone, azure, trials, troubles)
    if failure:
        raise failure
    trouble.require_served(troubles)


def deploy(clone: Clone, engine: Engine) -> None:
    """Update the local stack to match the files."""
    connection = stacks.connect(stacks.Stack(clone, stacks.LOCAL))
    slots.require_versions(connection)
    (clone.local_project / ".state").mkdir(exist_ok=True)
    disk_space.require(engine.needs)
    recovery.free_stack(clone, engine)
    with step("Stack") as current:
        recovery.select_stack(clone, engine)
        current.done(f"{stacks.LOCAL} in {clone.shown(clone.local_project)}")
    recovery.settle_pending(clone, engine, connection.arm, connection.workspace.subscription_id)
    recovery.await_azure(connection)
    recovery.take_over(clone, engine, connection)
    # No outputs: the summary shows the endpoints and their addresses.
    options = ["--yes", "--skip-preview", "--continue-on-error", "--suppress-outputs"]
    command = ["up", *options, "--stack", stacks.LOCAL]
    with step(shlex.join(["pulumi", "-C", "local", *command]), live=False) as current:
        current.done(str(engine.shown(current, *command)))


def try_out(clone: Clone) -> tuple[list[Trial], list[Trouble]]:
    """Send each endpoint its sample request, if it has one; returns the answers, and what does not serve."""
    stack = stacks.Stack(clone, stacks.LOCAL)
    connection = stacks.connect(stack)
    trials: list[Trial] = []
    troubles: list[Trouble] = []
    for declared in stack.file.endpoints():
        name = names.azure_name(declared)
        try:
            endpoint = endpoints.read(connection, name)
            troubles += trouble.of_states(endpoint, declared.slots)
            if trial := _asked(connection, declared, endpoint):
                trials.append(trial)
                troubles += trial.troubles
        except NotThereError:
            troubles.append(Trouble(name, None, "was not created", serious=True))
        except AzureError as failure:
            troubles.append(Trouble(name, None, str(failure), serious=True))
    return trials, troubles


def _asked(connection: Connection, declared: StackEndpoint, endpoint: OnlineEndpoint) -> Trial | None:
    """What the endpoint answers to its sample request; None without a request or a deployment."""
    request = find_request(declared.folder)
    if request is None or not endpoint.deployments:
        reason = "no deployment" if request else "no file in its requests/"
        terminal.err().print(f"  {endpoint.name} gets no sample request: {reason}")
        return None
    with step(f"Sending requests to {endpoint.name}") as current:
        trial = ask(endpoint, endpoints.bearer(connection, endpoint), request, current.say)
        current.done(asked(trial))
    return trial


def asked(trial: Trial) -> str:
    """A summary of the requests to an endpoint."""
    count, through = len(trial.predictions), sum(trial.split.values())
    answered = f"{count or 'no'} deployment{'s' if count > 1 else ''} answered"
    return f"{answered}, and {through} requests through the split" if through else answered
