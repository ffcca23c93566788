"""Everything to be served, and the routing table derived from it."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from azml.emulator.base.logs import CONTAINERS, Container, Log
from azml.emulator.base.secrets import TestSecrets
from azml.emulator.contract import routing_table
from azml.emulator.contract.collected import PAYLOADS
from azml.emulator.contract.deployments import (
    DesiredDeployment,
    DesiredEndpoint,
    ManagedIdentity,
    ObservedDeployment,
)
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.serving.azure_services import AzureServices
from azml.emulator.supervisor.serving.byte_code import ByteCode
from azml.emulator.supervisor.serving.confinement import Confinement, means
from azml.emulator.supervisor.serving.deployment import RunningDeployment, Surroundings
from azml.emulator.supervisor.serving.instance_files import Files
from azml.emulator.supervisor.serving.metrics_history import MetricsHistory
from azml.emulator.supervisor.serving.metrics_recorder import MetricsRecorder
from azml.emulator.supervisor.serving.router_client import RouterClient, RouterGone

_PROJECT = Path(__file__).parents[4]
"""What scoring processes run of ours is in it."""
_POLL_SECONDS = 0.02
_DRAIN_SECONDS = 300.0
"""The longest request a Kubernetes deployment allows; a managed one allows 180 s."""


class UnknownDeployment(Exception):
    """There is no deployment with that key."""


class Dataplane:
    """The data plane. Raises UnknownDeployment for a key it does not know.

    Scoring processes cannot access `hidden` paths or `run_dir`.
    """

    def __init__(
        self,
        router_client: RouterClient,
        environments: Environments,
        files: Files,
        run_dir: Path,
        logs: Path,
        history: MetricsHistory,
        services: AzureServices,
        secrets: TestSecrets,
        hidden: Sequence[Path] = (),
    ) -> None:
        self._router_client = router_client
        self._logs = logs
        confinement = Confinement((run_dir, *hidden), means(), (*environments.folders, _PROJECT))
        self.byte_code = ByteCode(environments, confinement)
        self._around = Surroundings(
            environments,
            files,
            run_dir,
            services,
            secrets,
            confinement,
            self.byte_code,
            self._changed,
            self.publish,
            self._drained,
        )
        services.identities = self._identities
        self._deployments: dict[str, RunningDeployment] = {}
        self._returning: set[str] = set()
        self._endpoints: dict[str, DesiredEndpoint] = {}
        self._complete = asyncio.Event()
        self._publishing = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._history = history
        self.recorder = MetricsRecorder(router_client, history, self._deployments)

    async def put_deployment(self, desired: DesiredDeployment) -> ObservedDeployment:
        """Create or update a deployment; returns at once."""
        found = self._deployments.get(desired.key)
        if found is None:
            server, storage = (Log(self._log(desired, container)) for container in CONTAINERS)
            found = self._deployments[desired.key] = RunningDeployment(desired, self._around, server, storage)
            if not self._complete.is_set():
                self._returning.add(desired.key)
        await found.want(desired)
        return found.observe()

    def observe(self, key: str) -> ObservedDeployment:
        """The state of a deployment."""
        return self._find(key).observe()

    async def settled(self, key: str, seconds: float) -> ObservedDeployment:
        """The state of a deployment once it is ready or has failed, or after `seconds`."""
        found = self._find(key)
        await found.settled(seconds)
        return found.observe()

    async def delete_deployment(self, key: str) -> None:
        """Stop routing to a deployment, let it finish its requests, and stop it."""
        removed = self._find(key)
        del self._deployments[key]
        await self.publish()
        await removed.remove()

    async def put_endpoint(self, desired: DesiredEndpoint) -> None:
        """Create or update an endpoint; the router has it when this returns."""
        self._endpoints[desired.key] = desired
        await self.publish()

    async def delete_endpoint(self, key: str) -> None:
        """Stop routing for an endpoint. A missing one is not an error."""
        self._endpoints.pop(key, None)
        await self.publish()

    async def complete(self) -> None:
        """Everything that existed before the start has been restored: what is unknown now does not exist."""
        self._complete.set()
        await self.publish()

    async def completed(self) -> None:
        """Wait until `complete` was called."""
        await self._complete.wait()

    def logs(self, key: str, container: Container, tail: int) -> str:
        """The last lines of a deployment's log."""
        found = self._find(key)
        log = found.server_log if container == "inference-server" else found.storage_log
        return log.tail(tail)

    async def metrics(self, since: float, endpoint: str | None = None) -> list[dict[str, Any]]:
        """The answers of the minutes from `since` on; see `MetricsHistory.answers`."""
        await self.recorder.collect()
        return self._history.answers(since, endpoint)

    async def slow(self, since: float, endpoint: str, milliseconds: float) -> list[dict[str, Any]]:
        """How many answers of an endpoint took longer; see `MetricsHistory.slow`."""
        await self.recorder.collect()
        return self._history.slow(since, endpoint, milliseconds)

    def usage(self, since: float, endpoint: str | None = None) -> list[dict[str, Any]]:
        """The instances' resource usage in the minutes from `since` on; see `MetricsHistory.usage`."""
        return self._history.usage(since, endpoint)

    async def publish(self) -> None:
        """Send the router the current table. A router that is not running gets it when it is back.

        Callers that wait for a table which has not been made yet share it.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._publish())
        await asyncio.shield(self._next)

    async def stop(self) -> None:
        """Stop every scoring process at once."""
        await asyncio.gather(*(deployment.stop() for deployment in self._deployments.values()))
        await self.byte_code.stop()

    def routes(self) -> routing_table.RoutingTable:
        """The routing table.

        It is not complete, and lacks deployments that existed before the start, until each of them is ready
        or has failed. Else requests would be answered, and counted, as if their instances had died: Azure
        never stops as a whole, so nothing that decides by such counts would meet that there.
        """
        known = self._deployments
        self._returning = {key for key in self._returning if key in known and not known[key].has_begun}
        endpoints = tuple(self._endpoint(endpoint) for endpoint in self._endpoints.values())
        return routing_table.RoutingTable(endpoints, self._complete.is_set() and not self._returning)

    async def _publish(self) -> None:
        async with self._publishing:
            self._next = None
            with contextlib.suppress(RouterGone):
                await self._router_client.route(self.routes())

    def _find(self, key: str) -> RunningDeployment:
        if key not in self._deployments:
            raise UnknownDeployment(key)
        return self._deployments[key]

    def _endpoint(self, endpoint: DesiredEndpoint) -> routing_table.RoutedEndpoint:
        own = (one for one in self._deployments.values() if one.desired.endpoint_key == endpoint.key)
        return routing_table.RoutedEndpoint(
            endpoint.key,
            endpoint.path,
            endpoint.bearers,
            endpoint.token_secret,
            endpoint.traffic,
            endpoint.mirror_traffic,
            tuple(_row(one) for one in own if one.desired.key not in self._returning),
        )

    def _identities(self, endpoint: str) -> Sequence[ManagedIdentity]:
        known = self._endpoints.get(endpoint)
        return known.identities if known else ()

    def _changed(self) -> None:
        task = asyncio.create_task(self.publish())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drained(self, instances: Sequence[routing_table.RoutedInstance]) -> None:
        deadline = time.monotonic() + _DRAIN_SECONDS
        while instances and time.monotonic() < deadline:
            try:
                if not await self._router_client.busy(instances):
                    return
            except RouterGone:
                return  # and all its requests with it
            await asyncio.sleep(_POLL_SECONDS)

    def _log(self, desired: DesiredDeployment, container: Container) -> Path:
        # The key distinguishes deployments of one name, and would be too long for a file name.
        mark = hashlib.sha256(desired.key.encode()).hexdigest()[:10]
        return self._logs / f"{desired.name}-{mark}" / f"{container}.log"


def _row(deployment: RunningDeployment) -> routing_table.RoutedDeployment:
    limits = deployment.limits
    return routing_table.RoutedDeployment(
        deployment.desired.key,
        deployment.desired.name,
        limits.request_timeout_ms,
        limits.max_concurrent_requests_per_instance,
        deployment.addresses,
        {name: rate for name, rate in limits.collect.items() if name in PAYLOADS},
        limits.capture_headers,
        limits.container.scoring.path if limits.container else "/score",
    )
