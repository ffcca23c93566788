"""The Azure ML client, behind the two calls that are its to make: asking a deployment, reading its log.

`azure.ai.ml` takes 3 to 5 s to import, so it is imported here alone and when it is needed; what has to be
quick goes over ARM (`endpoints`). One client makes one call and goes: its `invoke` keeps the headers of an
earlier call, so that a deployment named once would be asked ever after.
"""

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from azml.azure.credentials import credential
from azml.cli.failure import InputError
from azml.cli.stacks import Connection

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

Container = Literal["inference-server", "storage-initializer"]


def invoke(connection: Connection, endpoint: str, deployment: str | None, request: Path) -> str:
    """The answer of the endpoint, or of one of its deployments, to the JSON in `request`."""
    try:
        json.loads(request.read_bytes())
    except (ValueError, UnicodeDecodeError) as broken:
        raise InputError(f"{request} is no JSON: {broken}") from None
    answer = _client(connection).online_endpoints.invoke(
        endpoint_name=endpoint, deployment_name=deployment, request_file=str(request)
    )
    return str(answer)


class LogReader:
    """The log of one deployment; made once and asked again and again."""

    def __init__(self, connection: Connection, endpoint: str, deployment: str, container: Container) -> None:
        self._operations = _client(connection).online_deployments
        self._named = {"endpoint_name": endpoint, "name": deployment}
        self._container = container

    def tail(self, lines: int) -> list[str]:
        """The last lines of it."""
        text = self._operations.get_logs(**self._named, lines=lines, container_type=self._container)
        return str(text or "").splitlines()


def _client(connection: Connection) -> "MLClient":
    # The client's own start-up notes (experimental classes, deprecated helpers) are no news to a user.
    warnings.simplefilter("ignore")
    from azure.ai.ml import MLClient

    settings, workspace, cloud = connection.settings, connection.workspace, connection.arm.cloud
    return MLClient(
        credential(settings, cloud),
        workspace.subscription_id,
        workspace.resource_group,
        workspace.name,
        show_progress=False,
        enable_telemetry=False,
        # The local Azure is named by the environment that `connect` set: the client knows no such cloud.
        **({} if cloud.local else {"cloud": cloud.name}),
    )
