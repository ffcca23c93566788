"""Reads many resources at once."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from azml.azure.arm import Arm

THREADS = 16
"""Concurrent requests to Azure."""
Bodies = Mapping[str, Mapping[str, Any]]
"""Resource bodies by ARM id; resources that do not exist are left out."""


def existing_bodies(arm: Arm, versions: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The bodies of the resources that exist, by ARM id. `versions` maps each ARM id to its API version."""
    with ThreadPoolExecutor(THREADS) as threads:
        bodies = threads.map(arm.get, versions.keys(), versions.values())
        return {one: body for one, body in zip(versions, bodies, strict=True) if body is not None}


def listed(arm: Arm, place: str, api_version: str) -> Iterator[Mapping[str, Any]]:
    """The items of the list at `place`, from all its pages."""
    page = arm.get(place, api_version) or {}
    while True:
        yield from page.get("value") or []
        link = page.get("nextLink")
        if not isinstance(link, str):
            return
        page = arm.accepted(arm.call("GET", link)).json()
