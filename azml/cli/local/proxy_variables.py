"""The proxy through which a shell that points at the local Azure reaches everything except real Azure."""

import os

from azml.cli.local.local_azure import LocalAzure

PROXIES = ("HTTPS_PROXY", "https_proxy")
OURS = "AZML_PROXY"
"""Set with the proxy variables: it tells these commands that the proxy is the local Azure's."""


def variables(found: LocalAzure) -> dict[str, str]:
    """The variables that make a shell use it; none if the user has a proxy already."""
    if any(os.environ.get(name) for name in PROXIES):
        return {}
    proxy = found.proxy()
    return {OURS: proxy, **dict.fromkeys(PROXIES, proxy)}


def forget() -> None:
    """Make this process and its children connect directly: the local Azure and its proxy may be stopped."""
    proxy = os.environ.pop(OURS, None)
    for name in PROXIES:
        if proxy and os.environ.get(name) == proxy:
            del os.environ[name]
