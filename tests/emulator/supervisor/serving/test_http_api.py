"""The data plane's API, asked by the control plane's own client."""

from pathlib import Path

import pytest
from aiohttp import web

from azml.emulator.contract.deployments import (
    DesiredDeployment,
    DesiredEndpoint,
    Probe,
    deployment_from_json,
    endpoint_from_json,
    to_json,
)
from azml.emulator.control.dataplane_client import DataplaneClient, DataplaneError
from azml.emulator.supervisor.serving.http_api import application
from tests.emulator.harness import KEY, Harness

ID = "/subscriptions/s/resourcegroups/g/providers/p/onlineendpoints/e"


def test_records_cross_the_socket_unchanged() -> None:
    deployment = DesiredDeployment(
        ID, "/e", "blue", model_folder=Path("/m"), scoring_script="s.py", liveness=Probe(period=3)
    )
    assert deployment_from_json(to_json(deployment)) == deployment
    endpoint = DesiredEndpoint(ID, "w/e", ("a", "b"), None, {"blue": 100})
    assert endpoint_from_json(to_json(endpoint)) == endpoint
    with pytest.raises(TypeError):
        deployment_from_json({"unknown": 1})


async def test_the_control_planes_client_makes_a_deployment_answer(harness: Harness, run_dir: Path) -> None:
    runner = web.AppRunner(application(harness.dataplane, "token"))
    await runner.setup()
    socket = run_dir / "api.sock"
    await web.UnixSite(runner, str(socket)).start()
    client = DataplaneClient(socket, "token")
    key = f"{ID}/deployments/blue"
    try:
        assert await client.observe(key) is None
        stranger = DataplaneClient(socket, "another")
        with pytest.raises(DataplaneError, match="401"):
            await stranger.put_endpoint(DesiredEndpoint(ID, "westeurope/e", (KEY,), None, {}))
        await client.put_endpoint(DesiredEndpoint(ID, "westeurope/e", (KEY,), None, {"blue": 100}))
        await client.put_deployment(
            DesiredDeployment(key, ID, "blue", code_folder=harness.code, scoring_script="score.py")
        )
        observed = await client.observe(key, wait=60)
        assert observed and observed.state == "ready", "one question is enough"
        assert (await harness.ask({}))[0] == 200
        assert "init of plain" in await client.logs(key, "inference-server", 50)
        with pytest.raises(DataplaneError, match="no container"):
            await client.logs(key, "other", 50)
        await client.delete_deployment(key)
        await client.delete_deployment(key)
        await client.delete_endpoint(ID)
        assert (await harness.ask({}))[0] == 404
    finally:
        await runner.cleanup()
