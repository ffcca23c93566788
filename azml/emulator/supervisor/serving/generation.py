"""Instances of a deployment that share one content: model, code, environment and variables."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace

from azml.emulator.base.child_processes import to_its_end
from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.contract import routing_table
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.supervisor.serving.instance import Instance


def content(desired: DesiredDeployment) -> DesiredDeployment:
    """The part of a deployment whose changes need new processes."""
    return replace(
        desired, instance_count=1, request_timeout_ms=5_000, max_concurrent_requests_per_instance=1
    )


class Generation:
    """Instances of one content. `make` starts one more instance."""

    def __init__(self, desired: DesiredDeployment, make: Callable[[], Instance]) -> None:
        self.content = content(desired)
        self._make = make
        self._instances: list[Instance] = []

    @property
    def addresses(self) -> tuple[routing_table.RoutedInstance, ...]:
        """The instances that are ready."""
        return tuple(address for one in self._instances if (address := one.address))

    @property
    def instances(self) -> "tuple[Instance, ...]":
        """All instances, ready or not."""
        return tuple(self._instances)

    async def grow(self, count: int) -> None:
        """Start instances until `count` are ready. Raises DeploymentFailure after stopping the new ones."""
        new = [self._make() for _ in range(count - len(self._instances))]
        self._instances += new
        try:
            await _all(one.started() for one in new)
        except BaseException:
            self._instances = [one for one in self._instances if one not in new]
            await to_its_end(stop_all(new))
            raise

    def take(self, count: int) -> "list[Instance]":
        """Remove and return all instances but `count`; the caller stops them."""
        taken = self._instances[count:]
        del self._instances[count:]
        return taken


async def stop_all(instances: Iterable[Instance]) -> None:
    """Stop instances, all at the same time."""
    await asyncio.gather(*(one.stop() for one in instances))


async def _all(waits: Iterable[Coroutine[None, None, None]]) -> None:
    """Wait for all; the first failure cancels the rest."""
    try:
        async with asyncio.TaskGroup() as group:
            for wait in waits:
                group.create_task(wait)
    except BaseExceptionGroup as raised:
        # Not `except*`: before Python 3.11.4, what is raised in it arrives in a group of its own.
        failures, others = raised.split(DeploymentFailure)
        if failures is None or others is not None:
            raise
        raise _first(failures) from None


def _first(failures: BaseExceptionGroup[DeploymentFailure]) -> DeploymentFailure:
    """The first failure of a group, which may be made of groups."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
