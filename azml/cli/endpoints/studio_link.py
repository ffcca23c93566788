"""The link to the studio page, which signs in one browser."""

import base64
import mimetypes
from pathlib import Path

from azml.cli.clone import Clone
from azml.cli.endpoints.sample import find_request
from azml.cli.failure import CommandError
from azml.cli.local.local_azure import LocalAzure
from azml.cli.stacks import names, stacks
from azml.findings import InvalidInput
from azml.stack.failure import NotInStackFile

SAMPLE_LIMIT = 1 << 20
"""The largest sample request, in bytes, that is passed to the page."""


def link_to(clone: Clone, azure: LocalAzure) -> str:
    """A link with a new one-time code, in the fragment, which browsers do not send. The page also gets the
    endpoints' sample requests: the local Azure knows what was deployed, but not the folders."""
    azure.ask("PUT", "studio/samples", {"samples": samples(clone)})
    return str(azure.ask("POST", "studio")["link"])


def samples(clone: Clone) -> list[dict[str, str]]:
    """The sample request of each endpoint of the local stack that has one of at most a megabyte."""
    try:
        declared = stacks.Stack(clone, stacks.LOCAL).file.endpoints()
        found = [(names.azure_name(one), find_request(one.folder)) for one in declared]
    except (
        CommandError,
        InvalidInput,
        NotInStackFile,
    ):  # the page works without them; `up` reports faults in the files
        return []
    small = [(name, path) for name, path in found if path and path.stat().st_size <= SAMPLE_LIMIT]
    return [_sample(name, path) for name, path in small]


def _sample(name: str, path: Path) -> dict[str, str]:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    content = base64.b64encode(path.read_bytes()).decode()
    return {"endpoint": name, "file": f"{path.parent.name}/{path.name}", "type": kind, "content": content}
