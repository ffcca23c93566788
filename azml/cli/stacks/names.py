"""Translates the stack file's names of endpoints to their names in Azure."""

from azml.specs import EndpointSpec, endpoint_file, load_endpoint
from azml.stack.failure import NotInStackFile
from azml.stack.stack_file import StackEndpoint, StackFile


def in_azure(file: StackFile, name: str) -> str:
    """The Azure name of the endpoint `name`; a name that is not in the stack file is taken as Azure's."""
    try:
        return azure_name(file.endpoint(name))
    except NotInStackFile:
        return name


def azure_name(endpoint: StackEndpoint) -> str:
    """The name that the stack gives an endpoint: from its setting, else its own file, else its key."""
    if endpoint.name:
        return endpoint.name
    own = own_file(endpoint)
    return (own.name if own else "") or endpoint.key


def own_file(endpoint: StackEndpoint) -> EndpointSpec | None:
    """The contents of the endpoint's own file; None when there is none. Raises InvalidInput."""
    path = endpoint_file(endpoint.folder, endpoint.key, endpoint.file)
    return load_endpoint(path) if path else None
