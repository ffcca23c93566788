"""From what a user calls an endpoint to what Azure calls it."""

from azml.cli.failure import NotThereError
from azml.cli.stacks.stack_file import StackEndpoint, StackFile
from azml.specs import EndpointSpec, endpoint_file, load_endpoint


def in_azure(file: StackFile, name: str) -> str:
    """The Azure name of the endpoint called `name`; one the stack file does not know is Azure's already."""
    try:
        return azure_name(file.endpoint(name))
    except NotThereError:
        return name


def azure_name(endpoint: StackEndpoint) -> str:
    """The name the stack gives an endpoint: its setting, else its own file's, else its key."""
    if endpoint.name:
        return endpoint.name
    own = own_file(endpoint)
    return (own.name if own else "") or endpoint.key


def own_file(endpoint: StackEndpoint) -> EndpointSpec | None:
    """What the endpoint's own file says, None when there is none. Raises InvalidInput."""
    path = endpoint_file(endpoint.folder, endpoint.key, endpoint.file)
    return load_endpoint(path) if path else None
