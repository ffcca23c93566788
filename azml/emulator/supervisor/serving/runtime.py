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
    """One life of an instance: a name never used twice, what runs, and where it is asked, once that is known.

    `pid` is the process that shows what the instance uses of this machine, if one does. `desired` is the
    deployment as it sees it: with the folders that it runs from.
    """

    name: str
    program: Subprocess
    routes: Callable[[], Awaitable[InstanceRoutes]]
    desired: DesiredDeployment
    pid: int | None = None


class Runtime(Protocol):
    """What one instance runs as, over all its lives. `noun` is what it is called."""

    noun: str

    def live(self, output: Output) -> AbstractAsyncContextManager[Life]:
        """Start an instance, whose words go to `output`; it ends with the context.

        Raises DeploymentFailure or OSError when it cannot be started.
        """

    async def renew(self, began: float) -> bool:
        """After a life that ended before it was ready: look at what it ran from, and mend what is damaged.

        True when something was, so that the next life may go better. `began` is when the life did, in unix
        seconds. Raises DeploymentFailure or OSError when it cannot be mended.
        """

    async def close(self) -> None:
        """Remove what the instance alone had."""
