"""What the instances of a deployment run as: processes of this machine, or containers."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from azml.emulator.base.logs import Output
from azml.emulator.base.subprocesses import Subprocess
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.contract.instance_routes import InstanceRoutes


@dataclass(frozen=True)
class Life:
    """One life of an instance: a name that is never reused, what runs, and its routes, once they are known.

    `pid` is the process that shows the instance's resource usage, if there is one. `desired` is the
    deployment as the instance sees it: with the folders that it runs from. `answered` is to be called once it
    is ready.
    """

    name: str
    program: Subprocess
    routes: Callable[[], Awaitable[InstanceRoutes]]
    desired: DesiredDeployment
    pid: int | None = None
    answered: Callable[[], None] = lambda: None


class Runtime(Protocol):
    """What one instance runs as, over all its lives. `noun` is its name in messages."""

    noun: str

    def live(self, output: Output) -> AbstractAsyncContextManager[Life]:
        """Start an instance, which prints to `output`; it ends with the context.

        Raises DeploymentFailure or OSError when it cannot be started.
        """

    async def renew(self, began: float) -> bool:
        """After a life that ended before it was ready: check the files it ran from, and repair damage.

        True if something was repaired, so that the next life may succeed. `began` is the start of the life in
        unix seconds. Raises DeploymentFailure or OSError when the repair fails.
        """

    async def close(self) -> None:
        """Remove what belongs to this instance alone."""
