"""What the data plane measured of endpoints and deployments, asked once for many questions."""

from azml.emulator.control.arm.ids import ResourceId, resource_id
from azml.emulator.control.dataplane_client import DataplaneClient
from azml.emulator.control.monitor.definitions import DEPLOYMENT
from azml.emulator.control.monitor.series import Measured, Report


class Measurements:
    """The measurements of one moment. Raises DataplaneError when the data plane cannot be reached."""

    def __init__(self, dataplane: DataplaneClient) -> None:
        self._dataplane = dataplane
        self._asked: dict[str, tuple[float, Measured]] = {}

    async def of(self, resource: ResourceId, since: float) -> Measured:
        """Those of an endpoint, or of one of its deployments, from the minute `since` on."""
        deployment = resource.name if resource.kind == DEPLOYMENT.lower() else None
        endpoint = resource_id(resource.parent) if deployment else resource
        whole = await self._of_endpoint(endpoint.key, since)
        if deployment is None:
            return whole
        return Measured(_only(whole.answers, deployment), _only(whole.usage, deployment))

    async def _of_endpoint(self, key: str, since: float) -> Measured:
        known = self._asked.get(key)
        if known is None or known[0] > since:
            answers = await self._dataplane.metrics(since, key)
            known = self._asked[key] = since, Measured(answers, await self._dataplane.usage(since, key))
        return known[1]


def _only(report: Report, deployment: str) -> Report:
    return [entry for entry in report if entry["deployment"].lower() == deployment.lower()]
