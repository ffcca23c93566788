"""One control plane for all tests of a run; each test finds it empty and leaves it empty."""

from collections.abc import Iterator

import pytest

from tests.emulator.dataplane_fixtures import (
    cache,
    certificates,
    code,
    environments,
    harness,
    routed,
    run_dir,
    trust,
)
from tests.fixtures.control_plane import (
    ENDPOINT,
    GROUP,
    Client,
    ControlPlane,
    build_assets,
    build_workspace,
    endpoint_body,
    started,
)
from tests.fixtures.in_process import InProcessAzure
from tests.fixtures.serving_azure import ServingAzure, build
from tests.fixtures.whole_azure import running

__all__ = ["cache", "certificates", "code", "environments", "harness", "routed", "run_dir", "trust"]
"""Fixtures of the data plane, for the tests of the router and of the supervisor."""


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The process, with a folder of its own."""
    with started(tmp_path_factory.mktemp("azure") / "emulator") as azure:
        yield azure


@pytest.fixture(scope="session")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessAzure]:
    """The same application, called without a socket."""
    inside = InProcessAzure(tmp_path_factory.mktemp("inside") / "emulator")
    inside.start()
    yield inside
    inside.stop()


@pytest.fixture
def inside(in_process: InProcessAzure) -> Iterator[InProcessAzure]:
    """The one without a socket, without a resource."""
    yield in_process
    _empty(in_process)


@pytest.fixture(params=["inside", "azure"])
def either(request: pytest.FixtureRequest) -> Client:
    """Both of them in turn, without a resource."""
    client: Client = request.getfixturevalue(request.param)
    return client


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServingAzure]:
    """A whole local Azure with an endpoint that serves; no test changes what it serves."""
    folder = tmp_path_factory.mktemp("serving") / ".azml" / "emulator"
    with running(ServingAzure(folder), build) as whole:
        yield whole


@pytest.fixture
def azure(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """A control plane without a resource."""
    yield control_plane
    _empty(control_plane)


@pytest.fixture
def workspace(azure: ControlPlane) -> ControlPlane:
    """A control plane with a workspace, assets, and an endpoint without deployments."""
    build_workspace(azure)
    build_assets(azure)
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body()))
    return azure


def _empty(client: Client) -> None:
    client.own("DELETE", "faults")
    client.own("DELETE", "states")
    if client.arm("GET", GROUP).status == 200:
        client.done(client.arm("DELETE", GROUP))
    client.own("DELETE", "deleted")
    client.dataplane.outcomes.clear()
    client.dataplane.refused.clear()
    assert client.dataplane.deployments == {}
    assert client.dataplane.endpoints == {}
