"""Conda's channels: their addresses, and whether they can be reached from here."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiohttp

from azml.emulator.supervisor.environments.conda import HOST

_NAMED = {
    # The channels that conda's `defaults` stands for on Linux, unless configured otherwise.
    "defaults": ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r"),
    "nodefaults": (),
    "*": (),  # any channel, in a package's own name: `*::numpy`
}
_SECONDS = 4.0
_INDEXES = ("repodata.json.zst", "repodata.json")


def addresses(channels: Iterable[str]) -> tuple[str, ...]:
    """The addresses of channels, without duplicates, in their order; conda's defaults if there are none."""
    found = [place for channel in channels for place in _address(channel)]
    return tuple(dict.fromkeys(found or _NAMED["defaults"]))


def _address(channel: str) -> tuple[str, ...]:
    if channel in _NAMED:
        return _NAMED[channel]
    return (channel.rstrip("/") if "://" in channel else f"{HOST}/{channel}",)


async def silent(places: Iterable[str]) -> tuple[str, ...]:
    """The addresses that do not answer within 4 seconds. All are asked at once."""
    asked = tuple(places)
    answers = await asyncio.gather(*(_answers(place) for place in asked))
    return tuple(place for place, answers in zip(asked, answers, strict=True) if not answers)


async def _answers(place: str) -> bool:
    parts = urlsplit(place)
    if parts.scheme == "file":
        return (Path(unquote(parts.path)) / "noarch").is_dir()
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
            for index in _INDEXES:
                async with session.head(f"{place}/noarch/{index}", allow_redirects=True) as answer:
                    if answer.ok:
                        return True
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False
    return False
