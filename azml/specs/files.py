"""The files of an endpoint's folder that are read, by the program and the commands alike.

An endpoint's own file is `endpoint` or `<key>-endpoint`, a slot's is `<slot>`, `<slot>-deployment` or, where
there is neither, `deployment`; each ends in `.yml` or `.yaml`, as in Microsoft's own samples. The stack
config may name another with `file:`. A file that looks like an endpoint file and would not be read is a
finding: its settings, such as who may call the endpoint, would be silently ignored.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from azml.findings import Finding

from .document import Node, parse, read_text
from .endpoint import ENDPOINT_KEYS

ENDINGS = (".yml", ".yaml")
COMMON = "deployment"
"""The stem of the file that every slot without its own file reads."""
_SCHEMA = "$schema"
_SIGNS = frozenset({"auth_mode", "traffic", "mirror_traffic"})
# Other files have these keys too, unless all their other keys are an endpoint's.
_WEAK_SIGNS = frozenset({"public_network_access", "identity"})
# The same test for text that is not a single YAML document: a key at the start of a line.
_SIGN = re.compile(rf"^(?:{'|'.join(sorted(_SIGNS))})[ \t]*:", re.MULTILINE)
_ENDPOINT_SCHEMA = re.compile(r"OnlineEndpoint\.schema\.json")


def endpoint_file(folder: Path, key: str, named: str | None = None) -> Path | None:
    """The file of the endpoint `key`; None where it has none.

    With `named`, the stack config's `file:`, it is that file, whether or not it exists.
    """
    if named is not None:
        return folder / named
    own = _choices(folder, f"{key}-endpoint", "endpoint")
    return next((path for path in own if path.is_file()), None)


def unread_endpoint_files(folder: Path, read: Collection[Path]) -> list[Finding]:
    """A finding for each file of `folder` that looks like an endpoint file and is not in `read`."""
    instead = ", ".join(sorted(path.name for path in read)) or "none"
    return [
        Finding(
            f"looks like an endpoint's own file and is not read (read: {instead})",
            f"name the one to read in the stack config, as `file: {path.name}`, or rename or remove this one",
            path,
        )
        for path in yaml_files(folder)
        if path not in read and _looks_like_an_endpoint(path)
    ]


def deployment_file(folder: Path, slot: str, findings: list[Finding]) -> Path | None:
    """The default file of a slot; None where there is none. Two files for one slot are a finding."""
    own = [path for path in _choices(folder, slot, f"{slot}-{COMMON}") if path.is_file()]
    for tier in (own, common_files(folder)):
        for path in tier[1:]:
            remedy = f"keep one, or name the one to read in the stack config, as `file: {path.name}`"
            findings.append(Finding(f"is not read: {slot} reads {tier[0].name}", remedy, path))
        if tier:
            return tier[0]
    return None


def common_files(folder: Path) -> list[Path]:
    """The existing files of the working version: normally one, two if both endings exist."""
    return [path for path in _choices(folder, COMMON) if path.is_file()]


def deployment_names(slot: str) -> list[str]:
    """The names that a slot's file may have, for messages."""
    return [f"{stem}{ending}" for stem in (slot, f"{slot}-{COMMON}", COMMON) for ending in ENDINGS]


def yaml_files(folder: Path) -> list[Path]:
    """Every YAML file at the top of `folder`, sorted."""
    return sorted(path for ending in ENDINGS for path in folder.glob(f"*{ending}") if path.is_file())


def _choices(folder: Path, *stems: str) -> Iterator[Path]:
    return (folder / f"{stem}{ending}" for stem in stems for ending in ENDINGS)


def _looks_like_an_endpoint(path: Path) -> bool:
    """Whether its `$schema` is an online endpoint's; without one, whether it has an endpoint's keys."""
    ignored: list[Finding] = []
    text = read_text(path, ignored)
    signs = (*_SIGNS, *_WEAK_SIGNS)
    if text is None or not (_ENDPOINT_SCHEMA.search(text) or any(sign in text for sign in signs)):
        return False
    root = parse(text, path, ignored)
    if root is None:
        return bool(_ENDPOINT_SCHEMA.search(text) or _SIGN.search(text))
    keys: Collection[object] = root.value if root.is_table else ()
    schema = root.value.get(_SCHEMA) if root.is_table else None
    if isinstance(schema, Node) and isinstance(schema.value, str):
        return bool(_ENDPOINT_SCHEMA.search(schema.value))
    return not _SIGNS.isdisjoint(keys) or (
        not _WEAK_SIGNS.isdisjoint(keys) and "name" in keys and ENDPOINT_KEYS.issuperset(keys)
    )
