"""Many resources in one look."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from azml.azure.arm import Arm

THREADS = 16
"""Questions to Azure at once."""
Bodies = Mapping[str, Mapping[str, Any]]
"""What Azure has, by ARM id; what does not exist is not in it."""


def existing_bodies(arm: Arm, versions: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The bodies of those resources that exist, by ARM id. `versions` has the API version to ask for each."""
    with ThreadPoolExecutor(THREADS) as threads:
        bodies = threads.map(arm.get, versions.keys(), versions.values())
        return {one: body for one, body in zip(versions, bodies, strict=True) if body is not None}
