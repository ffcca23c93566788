"""What existed before a restart is not in the routing table until it serves again, or has failed."""

import asyncio
from pathlib import Path

import pytest

from azml.emulator.base.certificates import Certificates
from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.contract.deployments import DesiredDeployment, DesiredEndpoint
from azml.emulator.contract.routing_table import RoutedEndpoint
from azml.emulator.supervisor.environments.environments import Environments
from azml.emulator.supervisor.serving.dataplane import Dataplane
from azml.emulator.supervisor.serving.deployment import RunningDeployment
from azml.emulator.supervisor.serving.router_client import RouterClient
from tests.emulator.dataplane_fixtures import dataplane_of
from tests.emulator.harness import KEY, until

BLUE = DesiredDeployment("/e/blue", "/e", "blue", environment_variables={})


def routed(dataplane: Dataplane) -> tuple[bool, list[str]]:
    """Whether the table is complete, and the deployments in it."""
    table = dataplane.routes()
    found: list[RoutedEndpoint] = list(table.endpoints)
    return table.complete, [one.name for endpoint in found for one in endpoint.deployments]


async def test_requests_to_what_returns_are_not_counted_against_it(
    run_dir: Path, tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment that is made after the start is in the table at once."""
    may_fail = asyncio.Event()

    async def fails(self: RunningDeployment, desired: DesiredDeployment) -> None:
        await may_fail.wait()
        raise DeploymentFailure("as asked")

    monkeypatch.setattr(RunningDeployment, "_try", fails)
    environments = Environments(tmp_path / "environments")
    async with dataplane_of(RouterClient(), environments, run_dir, tmp_path, certificates) as dataplane:
        await dataplane.put_endpoint(DesiredEndpoint("/e", "westeurope/e", (KEY,), None, {"blue": 100}))
        await dataplane.put_deployment(BLUE)
        await dataplane.complete()
        assert routed(dataplane) == (False, [])
        await dataplane.put_deployment(DesiredDeployment("/e/new", "/e", "new"))
        assert routed(dataplane) == (False, ["new"])
        may_fail.set()
        await until(lambda: dataplane.observe("/e/blue").state == "failed")
        assert routed(dataplane) == (True, ["blue", "new"])
        await dataplane.stop()
