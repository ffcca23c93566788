"""Puts the folders of endpoints where the program reads them: whole, and never over what is there."""

import filecmp
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from azml.cli.importing.taking import Left, Taken, working_file
from azml.cli.stacks import names
from azml.cli.stacks.stacks import Stack
from azml.stack.stack_file import StackFile


def clash(taken: Taken, stack: Stack) -> Left | None:
    """Why the endpoint's folder cannot go where the program reads it; None where it can, or is already."""
    if any(one.key == taken.name for one in stack.file.endpoints()):
        reason = f"{stack.path.name} has another endpoint under this key: give that one another key"
        return Left(taken.name, (reason,))
    target = target_of(taken.name, stack)
    if not _exists(target):
        return None
    other = sorted(str(path) for path in _differing(taken.folder, target))
    if not other:
        return None
    reason = (
        f"{stack.clone.shown(target)} exists with other files ({_few(other)}): move it away, and import again"
    )
    return Left(taken.name, (reason,))


def target_of(name: str, stack: Stack) -> Path:
    """The folder in the clone of an endpoint that is taken over."""
    return stack.clone.root / "scoring" / name


def known(stack: Stack) -> set[str]:
    """The endpoints that the stack file has already, by their names in Azure."""
    return {names.azure_name(one) for one in stack.file.endpoints()}


def declare(taken: Taken, file: StackFile) -> None:
    """Add the endpoint to the stack file: each slot is pinned to what it serves."""
    file.add(taken.name, taken.files, taken.endpoint.traffic, taken.endpoint.mirror_traffic)


def declare_here(names: Collection[str], stack: Stack, local: Stack) -> list[str]:
    """Add those of a stack's endpoints to the local stack whose files are all there, and write its file.

    `names` are theirs in the stack file. Slots are deployed from the folder. Returns what was added.
    """
    declared = {one.key for one in local.file.endpoints()}
    added = []
    for one in stack.file.endpoints():
        files = {slot: working_file(slot) for slot in one.slots}
        if one.key not in names or one.key in declared or one.folder != target_of(one.key, stack):
            continue
        if all((one.folder / file).is_file() for file in files.values()):
            local.file.add(one.key, files, one.traffic or {}, one.mirror_traffic or {})
            added.append(one.key)
    local.file.write()
    return added


def put(every: Iterable[Taken], stack: Stack) -> None:
    """Move the folders; then write the stack file, which names them. What is there already is the same.

    A run that is killed in between leaves folders that the next run finds to be as it would write them.
    """
    for taken in every:
        target = target_of(taken.name, stack)
        if not _exists(target):
            target.parent.mkdir(exist_ok=True)
            taken.folder.rename(target)
    stack.file.write()


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _differing(ours: Path, theirs: Path) -> Iterator[Path]:
    """The files of `ours` that `theirs` has not, or has with another content."""
    for file in ours.rglob("*"):
        if file.is_file():
            path = file.relative_to(ours)
            other = theirs / path
            if not other.is_file() or not _same(file, other):
                yield path


def _same(one: Path, other: Path) -> bool:
    return filecmp.cmp(one, other, shallow=False)


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
