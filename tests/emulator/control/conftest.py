"""What the fuzzing tests write to."""

from collections.abc import Iterator

import pytest

from tests.fixtures.in_process import InProcessAzure, with_endpoint


@pytest.fixture(scope="module")
def fuzzed(in_process: InProcessAzure) -> Iterator[InProcessAzure]:
    """A control plane with a workspace, assets and an endpoint."""
    yield from with_endpoint(in_process)
