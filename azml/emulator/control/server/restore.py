"""After a start: sends the data plane everything that should run according to the store."""

import asyncio
import contextlib
import logging

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.resource_manager import ResourceManager
from azml.emulator.control.arm.store import BUSY, Record
from azml.emulator.control.dataplane_client import WAIT, DataplaneClient, DataplaneError
from azml.emulator.control.machinelearning.deployments import OnlineDeployments
from azml.emulator.control.machinelearning.endpoints import DEPLOYMENT, ENDPOINT, OnlineEndpoints

log = logging.getLogger(__name__)


class Restore:
    """Restores every deployment to the state that it last served, then resumes unfinished operations."""

    def __init__(
        self,
        service: ResourceManager,
        dataplane: DataplaneClient,
        endpoints: OnlineEndpoints,
        deployments: OnlineDeployments,
    ) -> None:
        self.service = service
        self.dataplane = dataplane
        self.endpoints = endpoints
        self.deployments = deployments
        self.finished = asyncio.Event()
        self.waiting: set[str] = set()
        self.lost: set[str] = set()

    async def wait(self, seconds: float) -> None:
        """Wait until everything is restored, at most `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.finished.wait()

    async def run(self) -> None:
        """Restore everything, resume unfinished operations, and wait until all deployments serve again.

        An operation on a serving deployment resumes only when that serves again: it is needed if the
        operation fails.
        """
        store = self.service.store
        known = [record for record in store.under("", DEPLOYMENT) if record.hidden.get("good")]
        self.waiting = {_shown(record) for record in known}
        await asyncio.gather(*(self._route(endpoint) for endpoint in store.under("", ENDPOINT)))
        await asyncio.gather(*(self._ask(record) for record in known))
        await self._tell_complete()
        await asyncio.gather(*(self._follow(record) for record in known if record.state in BUSY))
        self.service.resume()
        await asyncio.gather(*(self._follow(record) for record in known if record.state not in BUSY))
        self.finished.set()

    async def _tell_complete(self) -> None:
        try:
            await self.dataplane.complete()
        except DataplaneError as error:
            log.error("the data plane could not be told that it knows every deployment: %s", error)

    async def _route(self, endpoint: Record) -> None:
        try:
            await self.dataplane.put_endpoint(self.endpoints.desired(endpoint, self.service.store))
        except DataplaneError as error:
            self._is_lost(endpoint, error)

    async def _ask(self, record: Record) -> None:
        try:
            if desired := self.deployments.last_good(record):
                desired = await self.deployments.lay_out_again(record, desired, self.service.store)
                await self.dataplane.put_deployment(desired)
        except (ArmError, DataplaneError) as error:
            self._is_lost(record, error)

    async def _follow(self, record: Record) -> None:
        """Wait for one deployment; if it is not restored, show that in its state."""
        try:
            while (observed := await self.dataplane.observe(record.id.key, wait=WAIT)) is not None:
                if observed.state == "ready":
                    return
                if observed.state == "failed":
                    raise ArmError(400, "ResourceNotReady", str(observed.error))
        except (ArmError, DataplaneError) as error:
            self._is_lost(record, error)
        finally:
            self.waiting.discard(_shown(record))

    def _is_lost(self, record: Record, error: Exception) -> None:
        self.lost.add(_shown(record))
        log.error("%s was not restored: %s", record.id.name, error)
        now = self.service.store.find(record.id.text)
        if now is not None and now.state not in BUSY:
            self.service.store.put(now.with_properties(provisioningState="Failed"))


def _shown(record: Record) -> str:
    """A deployment with its endpoint, for messages."""
    return f"{resource_id(record.id.parent).name}/{record.id.name}"
