"""The `config.json` by which azure-ai-ml's `MLClient.from_config` finds the local workspace."""

import json
from pathlib import Path
from typing import Any

from azml.cli.clone import Clone
from azml.cli.stacks.stacks import WorkspaceName

LIVES_IN = ".azureml"
"""Where `from_config` looks first, in the working folder and in each folder above it."""


def write(clone: Clone, workspace: WorkspaceName) -> tuple[Path, bool]:
    """Write the file, and return whether `from_config()` finds it without a path.

    It goes into the clone's `.azureml` folder, unless that has a file for another subscription, which is the
    user's: then it goes to `.azml/config.json` instead.
    """
    found = clone.root / LIVES_IN / "config.json"
    usual = _subscription(found) in (None, workspace.subscription_id)
    path = found if usual else clone.work / "config.json"
    content = {
        "subscription_id": workspace.subscription_id,
        "resource_group": workspace.resource_group,
        "workspace_name": workspace.name,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4) + "\n")
    return path, usual


def _subscription(path: Path) -> str | None:
    """The subscription in a file; None if there is no file, empty if it has none."""
    if not path.exists():
        return None
    try:
        config: Any = json.loads(path.read_text())
    except ValueError:
        return ""
    return str(config.get("subscription_id", "")) if isinstance(config, dict) else ""
