"""Which versions of models, codes and environments a workspace holds."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.providers.calls import ProviderError
from azml.providers.codec import Properties

_THREADS = 16


def registered_versions(arm: Arm, arguments: Properties) -> Properties:
    """Those of the ARM ids under `ids` that exist, under `registered`; a workspace that is gone holds none.

    Raises ProviderError for arguments that are no list of ids, AzureError when Azure refuses to tell.
    """
    ids = arguments.get("ids")
    if not isinstance(ids, list) or not all(isinstance(each, str) and each.startswith("/") for each in ids):
        raise ProviderError(f"registeredVersions takes ids, a list of ARM ids, not {ids!r}")
    return {"registered": _existing(arm, ids)}


def _existing(arm: Arm, ids: Sequence[str]) -> list[str]:
    with ThreadPoolExecutor(_THREADS) as threads:
        found = threads.map(lambda version: arm.get(version, API_VERSION), ids)
        return [version for version, body in zip(ids, found, strict=True) if body is not None]
