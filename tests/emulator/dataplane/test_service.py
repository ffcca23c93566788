"""The door for the control plane, opened by the control plane's own client."""

from pathlib import Path

import pytest
from aiohttp import web

from azml.emulator.dataplane.client import DataplaneClient, DataplaneError
from azml.emulator.dataplane.contract import (
    DesiredDeployment,
    DesiredEndpoint,
    Probe,
    deployment_from_json,
    endpoint_from_json,
    to_json,
)
from azml.emulator.dataplane.service import application
from tests.emulator.dataplane.houses import KEY, House

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


async def test_the_control_planes_client_makes_a_deployment_answer(house: House, run_dir: Path) -> None:
    runner = web.AppRunner(application(house.plane, "token"))
    await runner.setup()
    socket = run_dir / "door.sock"
    await web.UnixSite(runner, str(socket)).start()
    client = DataplaneClient(socket, "token")
    key = f"{ID}/deployments/blue"
    try:
        assert await client.observe(key) is None
        stranger = DataplaneClient(socket, "another")
        with pytest.raises(DataplaneError, match="401"):
            await stranger.put_endpoint(DesiredEndpoint(ID, "westeurope/e", (KEY,), None, {}))
        await stranger.close()
        await client.put_endpoint(DesiredEndpoint(ID, "westeurope/e", (KEY,), None, {"blue": 100}))
        await client.put_deployment(
            DesiredDeployment(key, ID, "blue", code_folder=house.code, scoring_script="score.py")
        )
        assert (await house.wait(key)).state == "ready"
        assert (await house.ask({}))[0] == 200
        assert "init of plain" in await client.logs(key, "inference-server", 50)
        with pytest.raises(DataplaneError, match="no container"):
            await client.logs(key, "other", 50)
        await client.delete_deployment(key)
        await client.delete_deployment(key)
        await client.delete_endpoint(ID)
        assert (await house.ask({}))[0] == 404
    finally:
        await client.close()
        await runner.cleanup()
