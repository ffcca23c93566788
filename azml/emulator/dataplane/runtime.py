"""What the instances of a deployment run as: processes of this machine, or containers."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from azml.emulator.dataplane.attached import Attached
from azml.emulator.dataplane.doors import Doors
from azml.emulator.dataplane.logs import Output


@dataclass(frozen=True)
class Life:
    """One life of an instance: a name never used twice, what runs, and where it is asked, once that is known.

    `pid` is the process that shows what the instance uses of this machine, if one does.
    """

    name: str
    program: Attached
    doors: Callable[[], Awaitable[Doors]]
    pid: int | None = None


class Runtime(Protocol):
    """See the module. `noun` is what one instance is called."""

    noun: str

    def live(self, output: Output) -> AbstractAsyncContextManager[Life]:
        """Start an instance, whose words go to `output`; it ends with the context.

        Raises DeploymentFailure or OSError when it cannot be started.
        """
