"""Creates an environment of conda's packages, in a process of its own: `python -m ... < request.json`.

The request has `channels` (addresses), `packages` (as the conda file has them), `prefix` and `cache`
(folders). Each step is printed on a line of its own; if it fails, the solver's message, and the exit code
is 1.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rattler
from rattler.exceptions import SolverError


async def make(request: Mapping[str, Any]) -> None:
    """Solve and install. Raises what rattler raises."""
    specs = [rattler.MatchSpec(package) for package in request["packages"]]
    channels = [rattler.Channel(channel) for channel in request["channels"]]
    records = await _solve(channels, specs, request["cache"])
    _say(f"conda: installing {len(records)} packages")
    for record in sorted(records, key=lambda one: one.name.normalized):
        _say(f" + {record.name.normalized} {record.version} {record.build}")
    await rattler.install(
        records,
        request["prefix"],
        cache_dir=Path(request["cache"]) / "packages",
        show_progress=False,
    )


async def _solve(
    channels: list[rattler.Channel], specs: list[rattler.MatchSpec], cache: str
) -> list[rattler.RepoDataRecord]:
    """Solve with conda's flexible priority: packages of the first channel that has them, else of any."""
    _say(f"conda: solving for {len(specs)} packages of {', '.join(one.base_url for one in channels)}")
    gateway = rattler.Gateway(cache_dir=Path(cache) / "index")
    virtual = rattler.VirtualPackage.detect()
    priorities = (rattler.ChannelPriority.Strict, rattler.ChannelPriority.Disabled)
    for priority in priorities:
        try:
            return await rattler.solve(
                channels, specs, gateway=gateway, virtual_packages=virtual, channel_priority=priority
            )
        except SolverError:
            if priority is priorities[-1]:
                raise
    raise AssertionError("no priority was tried")


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """Read the request from standard input and carry it out; returns the exit code."""
    try:
        asyncio.run(make(json.load(sys.stdin)))
    except Exception as refused:  # each part of rattler has its own exception
        _say(f"conda: {refused}")
        return 1
    return 0


if __name__ == "__main__":
    # Exit at once, as everything is written: rattler's threads crash an interpreter that shuts down.
    os._exit(main())
