"""References to registered assets, in every form that azure-ai-ml reads."""

import re

from azml.rules import arm_ids

from .records import AssetReference

ARM_ID = arm_ids(
    r"/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+"
    r"/(?P<kind>[^/]+)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)"
)
REGISTRY_ID = re.compile(
    r"azureml://registries/[^/]+/(?P<kind>[^/]+)/(?P<name>[^/]+)/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+))"
)
PREFIX = "azureml:"
# Sources a model can be registered from, but which a deployment cannot use.
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
    """What `text` is instead of a registered model, and the remedy; None where it could be one.

    A model is registered from such a path (https://learn.microsoft.com/azure/machine-learning/reference-yaml-model);
    a deployment needs a registered one. azure-ai-ml's loader passes the second and third on, and Azure
    refuses them once the endpoint exists.
    """
    if found := _MLFLOW_MODEL.fullmatch(text):
        return (
            f"{text!r} is MLflow's own notation",
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
    """The asset that `text` refers to; None if it is not one of that `kind`: models, codes, environments."""
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
    """The reference for a full id, if the id is of the right kind."""
    if match is None or match["kind"].lower() != kind:
        return None
    parts = match.groupdict()
    return AssetReference(parts["name"], parts["version"], parts.get("label"), full)
