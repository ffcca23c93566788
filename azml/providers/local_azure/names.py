"""Names and addresses of resources."""

import hashlib
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from azml.azure_native.types import Row
from azml.engine_values import Properties, Unknown
from azml.providers.calls import Check, Failure, Naming, ProviderError

_RANDOM_MARK = "__createBeforeDelete"


@dataclass(frozen=True)
class Named:
    """Inputs with the resource's name, or why there is none."""

    inputs: Properties
    failure: Failure | None = None


def named(row: Row, call: Check) -> Named:
    """Give the resource a name if the program gives none.

    The rule is azure-native's (provider.go, getDefaultName): the name in the program and eight hex digits,
    kept across updates; a random name is marked in the inputs, because such a resource can be replaced before
    the old one is deleted.
    """
    key, inputs = row.name_parameter, dict(call.news)
    if inputs.get(key) is not None:
        return Named(inputs)
    if isinstance(call.olds.get(key), str):
        kept = {_RANDOM_MARK: True} if call.olds.get(_RANDOM_MARK) else {}
        return Named({**inputs, **kept, key: call.olds[key]})
    settings = call.autonaming
    if settings and settings.mode is Naming.DISABLE:
        return Named(
            inputs, Failure(key, f"automatic naming is disabled in this stack: give {key!r} a value")
        )
    if row.uuid_name:
        return Named({**inputs, _RANDOM_MARK: True, key: str(uuid.UUID(_random_hex(call, 32)))})
    if row.token == "azure-native:storage:Blob":  # noqa: S105 - a type, no secret
        return Named({**inputs, key: call.name})
    if settings and settings.mode is Naming.ENFORCE:
        return Named({**inputs, key: settings.name})
    proposed = settings.name if settings else f"{call.name}{_random_hex(call, 8)}"
    return Named({**inputs, _RANDOM_MARK: True, key: proposed})


def _random_hex(call: Check, digits: int) -> str:
    """Random digits, from the engine's seed, so that a preview and its `up` get the same ones."""
    if call.seed:
        return hashlib.sha256(call.seed).hexdigest()[:digits]
    return secrets.token_hex(digits // 2)


def address(path: str, subscription: str, inputs: Mapping[str, object]) -> str:
    """The ARM id for `path` and these inputs. Raises ProviderError when an input is missing."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        found = subscription if name == "subscriptionId" else inputs.get(name)
        if not isinstance(found, str) or not found:
            raise ProviderError(f"{name} is needed to address the resource")
        return found.strip("/") if name in ("scope", "resourceUri") else found

    return re.sub(r"\{(\w+)\}", value, path)


def unknown_address(row: Row, inputs: Mapping[str, object]) -> bool:
    """Whether an input in the resource's path is not known yet."""
    return any(isinstance(inputs.get(name), Unknown) for name in row.parameters)
