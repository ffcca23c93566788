"""A change of a file as a patch for `git apply`."""

import difflib
from pathlib import Path


def patch(path: Path, root: Path, before: str, after: str, *, new: bool = False) -> str:
    """The change of `path`, named relative to `root`; empty if there is none. `new`: the file is new."""
    if before == after:
        return ""
    name = path.relative_to(root) if path.is_relative_to(root) else path
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        "/dev/null" if new else f"a/{name}",
        f"b/{name}",
    )
    return "".join(lines)
