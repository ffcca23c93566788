"""The digest of what a deployment serves, from its spec or from what Azure has of it.

The stack writes it into a deployment's tag. A deployment that no stack of this project has written has no
tag; its own properties come to the same digest, so that it can be taken over without a write.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azml.server_owned import VARIABLES, users_own

DIGITS = 16
"""Hexadecimal digits of a content's hash: two of a billion versions meet with a chance of 1 in 37."""
BASE = 10**20
"""Added to the digest for a version: above every digest, so that our numbers alone have 21 digits."""
_NUMBER = re.compile(r"1\d{20}")
_OWN = re.compile(
    r"/workspaces/[^/]+/(?:models|codes|environments)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)$",
    re.IGNORECASE,
)
_REGISTRY = re.compile(
    r"azureml://registries/(?P<registry>[^/]+)/[^/]+/(?P<name>[^/]+)/(?P<how>versions|labels)/(?P<version>[^/]+)"
)


@dataclass(frozen=True)
class Served:
    """What a slot serves. Assets are labels, `name:version`, with the version in its canonical form."""

    model: str | None = None
    code: str | None = None
    environment: str | None = None
    scoring_script: str | None = None
    instance_type: str | None = None
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    model_mount_path: str | None = None

    @property
    def digest(self) -> str:
        """The digest (hexadecimal); the mount path has no part in it where there is none."""
        parts = {key: value for key, value in vars(self).items() if key != "model_mount_path"}
        parts["environment_variables"] = dict(self.environment_variables)
        if self.model_mount_path is not None:
            parts["model_mount_path"] = self.model_mount_path
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def same_in_any_form(version: str) -> str:
    """The form of a version used in digests of what is served: for our numbers, the original digest."""
    value = int(version) - BASE if _NUMBER.fullmatch(version) else -1
    return f"{value:0{DIGITS}x}" if 0 <= value < 16**DIGITS else version


def own_version(asset_id: str) -> tuple[str, str] | None:
    """Name and version in the id of a workspace's asset; None for another id."""
    found = _OWN.search(asset_id)
    return (found["name"], found["version"]) if found else None


def digest_of_body(body: Mapping[str, Any]) -> str | None:
    """The digest of what a deployment serves, by its ARM body; None where an asset's id has no known form.

    Variables that Azure adds have no part in it, as in files that were written from it.
    """
    properties = body.get("properties") or {}
    code = properties.get("codeConfiguration") or {}
    ids = (properties.get("model"), code.get("codeId"), properties.get("environmentId"))
    model, code_label, environment = (_label(one) if one else "" for one in ids)
    if model is None or code_label is None or environment is None:
        return None
    return Served(
        model or None,
        code_label or None,
        environment or None,
        scoring_script=code.get("scoringScript"),
        instance_type=properties.get("instanceType"),
        environment_variables=users_own(properties.get("environmentVariables") or {}, VARIABLES),
        model_mount_path=properties.get("modelMountPath"),
    ).digest


def _label(asset_id: str) -> str | None:
    if own := own_version(asset_id):
        return f"{own[0]}:{same_in_any_form(own[1])}"
    found = _REGISTRY.fullmatch(asset_id)
    if found is None:
        return None
    if found["how"] == "labels":
        return f"{found['registry']}/{found['name']}@{found['version']}"
    return f"{found['registry']}/{found['name']}:{same_in_any_form(found['version'])}"
