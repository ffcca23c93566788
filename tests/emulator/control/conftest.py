"""What the fuzzing tests write to."""

from collections.abc import Iterator

import pytest

from tests.emulator.in_process import InProcessAzure
from tests.emulator.local_azure import ENDPOINT, GROUP, build_assets, build_workspace, endpoint_body


@pytest.fixture(scope="module")
def fuzzed(in_process: InProcessAzure) -> Iterator[InProcessAzure]:
    """A control plane with a workspace, assets and an endpoint."""
    build_workspace(in_process)
    build_assets(in_process)
    in_process.done(in_process.arm("PUT", ENDPOINT, endpoint_body()))
    yield in_process
    in_process.done(in_process.arm("DELETE", GROUP))
    in_process.own("DELETE", "deleted")
