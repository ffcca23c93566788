"""The `config.json` by which azure-ai-ml's `MLClient.from_config` finds the local workspace."""

import json
from pathlib import Path
from typing import Any

from azml.cli.clone import Clone
from azml.cli.stacks.stacks import WorkspaceName

LIVES_IN = ".azureml"
"""Where `from_config` looks first, in the working folder and in each folder above it."""


def write(clone: Clone, workspace: WorkspaceName) -> tuple[Path, bool]:
    """Write the file, and say whether `from_config()` finds it without being told a path.

    It lies in the clone's `.azureml` folder, unless a file for another subscription is there: that one is the
    user's, and ours goes to `.azml/config.json` instead.
    """
    found = clone.root / LIVES_IN / "config.json"
    ours = _subscription(found) in (None, workspace.subscription_id)
    path = found if ours else clone.work / "config.json"
    content = {
        "subscription_id": workspace.subscription_id,
        "resource_group": workspace.resource_group,
        "workspace_name": workspace.name,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4) + "\n")
    return path, ours


def _subscription(path: Path) -> str | None:
    """The subscription a file names; None where there is no file, and nothing at all where it names none."""
    if not path.exists():
        return None
    try:
        told: Any = json.loads(path.read_text())
    except ValueError:
        return ""
    return str(told.get("subscription_id", "")) if isinstance(told, dict) else ""
