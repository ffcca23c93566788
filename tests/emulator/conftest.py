"""One control plane for all tests of a run; each test finds it empty and leaves it empty."""

from collections.abc import Iterator

import pytest

from tests.emulator.local_azure import (
    ENDPOINT,
    GROUP,
    LocalAzure,
    build_assets,
    build_workspace,
    endpoint_body,
)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    """The process, with a folder of its own."""
    local = LocalAzure(tmp_path_factory.mktemp("azure") / "emulator")
    local.start()
    yield local
    local.stop()


@pytest.fixture
def azure(control_plane: LocalAzure) -> Iterator[LocalAzure]:
    """A control plane without a resource."""
    yield control_plane
    control_plane.own("DELETE", "faults")
    control_plane.done(control_plane.arm("DELETE", GROUP))
    control_plane.dataplane.outcomes.clear()
    assert control_plane.dataplane.deployments == {}
    assert control_plane.dataplane.endpoints == {}


@pytest.fixture
def workspace(azure: LocalAzure) -> LocalAzure:
    """A control plane with a workspace, assets, and an endpoint without deployments."""
    build_workspace(azure)
    build_assets(azure)
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body()))
    return azure
