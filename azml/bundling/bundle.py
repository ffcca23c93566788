"""From a deployment's spec to its bundle."""

from azml.specs import DeploymentSpec

from .cache import HashCache
from .records import Bundle


def bundle(spec: DeploymentSpec, *, endpoint: str, cache: HashCache) -> Bundle:
    """Check and name everything `spec` deploys on the endpoint named `endpoint`.

    Raises InvalidInput with every finding.
    """
    raise NotImplementedError
