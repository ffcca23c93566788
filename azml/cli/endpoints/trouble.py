"""What does not serve after `azml up`: one line each, and whether it makes the command fail."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import CommandError


@dataclass(frozen=True)
class Trouble:
    """An endpoint or deployment that does not serve. Without `deployment` it is the whole endpoint.

    `serious`: it has live traffic, or the stack file declares it. `logged`: the deployment's log has more.
    """

    endpoint: str
    deployment: str | None
    what: str
    serious: bool
    logged: bool = False

    def line(self, azml: str) -> str:
        """The trouble in one line, with the command that shows more; `azml` is how to run our command."""
        name = f"{self.endpoint} {self.deployment}" if self.deployment else self.endpoint
        hint = f"; see: {azml} logs {name}" if self.logged and self.deployment else ""
        return f"{name}: {self.what}{hint}"


def of_states(endpoint: OnlineEndpoint, declared: Iterable[str]) -> Iterator[Trouble]:
    """The deployments that cannot answer: failed ones, and declared ones that do not exist."""
    wanted = set(declared)
    for deployment in endpoint.deployments:
        if deployment.state != "Succeeded":
            users = bool(endpoint.traffic.get(deployment.name))
            serious = users or deployment.name in wanted
            yield Trouble(endpoint.name, deployment.name, f"is {deployment.state}", serious, logged=True)
    for name in sorted(wanted - {deployment.name for deployment in endpoint.deployments}):
        yield Trouble(endpoint.name, name, "was not created", serious=True)


def require_served(troubles: Iterable[Trouble]) -> None:
    """Raises CommandError when something does not serve that has live traffic or that the stack declares."""
    serious = [trouble for trouble in troubles if trouble.serious]
    if serious:
        named = ", ".join(
            f"{one.endpoint} {one.deployment}" if one.deployment else one.endpoint for one in serious
        )
        raise CommandError(f"not everything serves: {named}")
