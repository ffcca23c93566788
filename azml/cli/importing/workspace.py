"""The endpoints of a workspace: which of them can be taken over, and which cannot and why."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.bundling import HashCache
from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import NotThereError
from azml.cli.importing import placing
from azml.cli.importing.autoscaled import autoscaled
from azml.cli.importing.blob_names import printable
from azml.cli.importing.downloads import Downloads
from azml.cli.importing.taking import Left, Taken, Taker
from azml.cli.release.registered import Store
from azml.cli.stacks.stacks import Connection
from azml.cli.terminal import Step


@dataclass(frozen=True)
class Found:
    """The endpoints of a workspace. `known` are those that the stack file has already."""

    taken: tuple[Taken, ...]
    left: tuple[Left, ...]
    known: tuple[str, ...]


def read(connection: Connection, wanted: Collection[str]) -> list[OnlineEndpoint]:
    """The endpoints of these names in Azure; without names, all. Raises NotThereError."""
    workspace = connection.workspace
    if connection.arm.get(workspace.id, API_VERSION) is None:
        raise NotThereError(f"there is no workspace {workspace.name} in {workspace.resource_group}")
    if wanted:
        return [endpoints.read(connection, name) for name in dict.fromkeys(wanted)]
    return sorted(endpoints.read_all(connection), key=lambda one: one.name)


def take(
    connection: Connection, every: Iterable[OnlineEndpoint], plain: Collection[str], folder: Path, step: Step
) -> Found:
    """Write the files of each endpoint into a folder of its own in `folder`, as far as it can be taken over.

    `plain` are variables that are no secrets. Raises OSError.
    """
    stack = connection.stack
    cache, scaled = HashCache(stack.clone.work / "hashes"), autoscaled(connection)
    taker = Taker(_downloads(connection), cache, step.say, plain, scaled)
    taken: list[Taken] = []
    left: list[Left] = []
    declared = placing.known(stack)
    every = list(every)
    for number, endpoint in enumerate(every):
        if endpoint.name in declared:
            continue
        step.say(f"{printable(endpoint.name)} ({number + 1} of {len(every)})")
        # Names are Azure's, and are checked only then.
        one = taker.take(endpoint, folder / str(number))
        if isinstance(one, Taken):
            one = placing.clash(one, stack) or one
        if isinstance(one, Taken):
            taken.append(one)
        else:
            left.append(one)
    return Found(tuple(taken), tuple(left), tuple(one.name for one in every if one.name in declared))


def _downloads(connection: Connection) -> Downloads:
    try:
        return Downloads(Store(connection))
    except NotThereError as error:
        return Downloads(None, error.message)
    except AzureError as error:
        return Downloads(None, f"the workspace's storage account cannot be read: {error}")
