"""A deployment file that needs the folder no more."""

from azml.specs import DeploymentSpec

from .records import Bundle


def freeze(spec: DeploymentSpec, bundle: Bundle) -> dict[str, object]:
    """The CLI v2 document that deploys `bundle` from registered versions; load_deployment reads it back."""
    raise NotImplementedError
