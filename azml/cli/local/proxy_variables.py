"""The proxy by which a shell that points at the local Azure reaches everything but real Azure."""

import os

from azml.cli.local.local_azure import LocalAzure

PROXIES = ("HTTPS_PROXY", "https_proxy")
OURS = "AZML_PROXY"
"""Set beside them: by it these commands know the proxy for the local Azure's."""


def variables(found: LocalAzure) -> dict[str, str]:
    """What a shell sets to go out through it; nothing where the user has a proxy that the way out needs."""
    if any(os.environ.get(name) for name in PROXIES):
        return {}
    proxy = found.proxy()
    return {OURS: proxy, **dict.fromkeys(PROXIES, proxy)}


def forget() -> None:
    """Let this process and its children go out directly: the local Azure and its proxy may be stopped."""
    proxy = os.environ.pop(OURS, None)
    for name in PROXIES:
        if proxy and os.environ.get(name) == proxy:
            del os.environ[name]
