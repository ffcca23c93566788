"""References to registered assets, in every form azure-ai-ml reads."""

import re

from .records import AssetReference

ARM_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+"
    r"/(?P<kind>[^/]+)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)
REGISTRY_ID = re.compile(
    r"azureml://registries/[^/]+/(?P<kind>[^/]+)/(?P<name>[^/]+)/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+))"
)
PREFIX = "azureml:"
# What a model can be registered from, and what no deployment can be made from.
_UNREGISTERED = {
    "is the path of an MLflow run": re.compile(r"runs:/"),
    "is the path of a job's output": re.compile(
        r"azureml:(?://)?(?:/?subscriptions/.*/)?jobs/", re.IGNORECASE
    ),
    "is a path in a datastore": re.compile(
        r"azureml:(?://)?(?:/?subscriptions/.*/)?datastores/", re.IGNORECASE
    ),
}
_MLFLOW_MODEL = re.compile(r"models:/(?P<name>[^/@]+)/(?P<version>[^/@]+)")


def is_reference(text: str) -> bool:
    """Whether `text` refers to a registered asset rather than to a path."""
    return text.startswith(PREFIX)


def unregistered(text: str) -> tuple[str, str] | None:
    """What `text` is instead of a registered model, and what would be right; None where it could be one.

    A model is registered from such a path (https://learn.microsoft.com/azure/machine-learning/reference-yaml-model);
    a deployment takes what is registered. azure-ai-ml's loader passes the second and third on, and Azure
    refuses them once the endpoint is there.
    """
    if found := _MLFLOW_MODEL.fullmatch(text):
        return (
            f"{text!r} is MLflow's own way to write it",
            f"write azureml:{found['name']}:{found['version']}",
        )
    for what, pattern in _UNREGISTERED.items():
        if pattern.match(text):
            create = f"az ml model create --name NAME --path {text}"
            return (
                f"{text!r} {what}",
                f"register the model first, as with `{create}`; then azureml:NAME:VERSION",
            )
    return None


def parse_reference(text: str, kind: str) -> AssetReference | None:
    """The asset `text` names; None if it names no asset of that `kind`: models, codes, environments."""
    if text.startswith("azureml://"):
        return _from_id(REGISTRY_ID.fullmatch(text), text, kind)
    body = text.removeprefix(PREFIX)
    if body == text or not body:
        return None
    if "/" in body:
        return _from_id(ARM_ID.fullmatch(body), body, kind)
    name, at, label = body.rpartition("@")
    if at:
        return AssetReference(name, label=label) if name and label and ":" not in name else None
    name, colon, version = body.partition(":")
    if not name or (colon and not version):
        return None
    return AssetReference(name, version or None)


def _from_id(match: re.Match[str] | None, full: str, kind: str) -> AssetReference | None:
    """The reference a full id makes, if it is an id of the right kind."""
    if match is None or match["kind"].lower() != kind:
        return None
    parts = match.groupdict()
    return AssetReference(parts["name"], parts["version"], parts.get("label"), full)
