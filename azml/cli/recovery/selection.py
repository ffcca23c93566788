"""Which stack Pulumi's own commands act on in a project's folder."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path


def is_selected(stack: str, project: str, file: Path, environment: Mapping[str, str]) -> bool:
    """Whether `stack` is known to be the selected one; asking the engine takes it a quarter of a second.

    `file` is the project file. The engine keeps the selection in a file named by the project and the project
    file's path (`newPackageWorkspace`, sdk/go/common/workspace). False where that file is not as expected.
    """
    home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
    place = hashlib.sha1(str(file).encode(), usedforsecurity=False).hexdigest()
    try:
        kept = json.loads((home / "workspaces" / f"{project}-{place}-workspace.json").read_bytes())
        selected = list(kept["stacks"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return selected == [f"organization/{project}/{stack}"]
