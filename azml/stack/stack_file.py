"""Reads `Pulumi.<stack>.yaml` as far as commands need it, and edits it without losing comments."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from azml.atomic_write import write_atomically
from azml.findings import Finding, InvalidInput, did_you_mean
from azml.specs import deployment_file
from azml.stack.endpoint.autoscale import SLOT_KEYS
from azml.stack.failure import NotInStackFile


@dataclass(frozen=True)
class StackEndpoint:
    """One endpoint in the stack file.

    `slots` maps a slot to the file it names (None: its default). `traffic` and `mirror_traffic` are None
    where the endpoint's own file decides. `folder` has the endpoint's files; `file` is its own file, if the
    stack file names one.
    """

    key: str
    folder: Path
    name: str | None
    slots: Mapping[str, str | None]
    overrides: Mapping[str, Mapping[str, object]]
    traffic: Mapping[str, int] | None
    mirror_traffic: Mapping[str, int] | None = None
    file: str | None = None

    def file_of(self, slot: str) -> str:
        """The file that a slot reads, relative to the folder: the one it names, else its default.

        If there is none, the file to create.
        """
        named = self.slots.get(slot)
        if named:
            return named
        found = deployment_file(self.folder, slot, [])  # preview reports it if there are two
        return found.name if found else "deployment.yml"


class StackFile:
    """A stack's settings file. Edits are made in memory; `text` shows them and `write` saves them."""

    def __init__(self, path: Path, program: Path) -> None:
        """Read `path`; `program` is the folder with `scoring/` in it. Raises NotInStackFile, InvalidInput."""
        self.path = path
        self.program = program
        self._yaml = YAML()
        self._yaml.preserve_quotes = True
        self._yaml.width = 4096  # keep the user's line breaks
        try:
            self._before = path.read_text(encoding="utf-8")
            document = self._yaml.load(self._before)
        except FileNotFoundError:
            raise NotInStackFile(f"there is no stack file {path}") from None
        except YAMLError as broken:
            raise InvalidInput([_syntax(path, broken)]) from None
        except UnicodeDecodeError as broken:
            message = f"is not UTF-8 text: {broken.reason} at byte {broken.start}"
            raise InvalidInput([Finding(message, "save it as UTF-8", path)]) from None
        self._document: CommentedMap = document if isinstance(document, CommentedMap) else CommentedMap()

    @property
    def config(self) -> Mapping[str, Any]:
        """Everything below `config:`."""
        found = self._document.get("config")
        return found if isinstance(found, CommentedMap) else CommentedMap()

    @property
    def before(self) -> str:
        """The file as it was read."""
        return self._before

    @property
    def text(self) -> str:
        """The file with the edits made so far."""
        out = StringIO()
        self._yaml.dump(self._document, out)
        return out.getvalue()

    def endpoints(self) -> list[StackEndpoint]:
        """Every endpoint of the stack."""
        found = self.config.get("azml:endpoints")
        return [self._endpoint(key) for key in found] if isinstance(found, CommentedMap) else []

    def endpoint(self, name: str) -> StackEndpoint:
        """The endpoint called `name`, here or in Azure; raises NotInStackFile with the likeliest name."""
        known = self.endpoints()
        for endpoint in [one for one in known if one.key == name] + [
            one for one in known if one.name == name
        ]:
            return endpoint
        names = [endpoint.key for endpoint in known]
        raise NotInStackFile(
            f"{self.path.name} has no endpoint {name!r}", did_you_mean(name, names) if names else ""
        )

    def point(self, endpoint: str, slot: str, file: str) -> None:
        """Make a slot read `file`, relative to the endpoint's folder; the slot is added if it is new."""
        slots = _under(self._settings(endpoint), "deployments")
        if not isinstance(slots.get(slot), CommentedMap):
            slots[slot] = _flow({})
        slots[slot]["file"] = file
        _close_up(slots, slot)

    def add(
        self,
        endpoint: str,
        files: Mapping[str, str],
        traffic: Mapping[str, int],
        mirror_traffic: Mapping[str, int],
    ) -> None:
        """Add an endpoint, whose slots read `files`; shares in percent, left out where there are none."""
        settings = self._settings(endpoint)
        settings["deployments"] = CommentedMap({slot: _flow({"file": file}) for slot, file in files.items()})
        for key, shares in (("traffic", traffic), ("mirror_traffic", mirror_traffic)):
            if shares:
                settings[key] = _flow(shares)

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int], *, ends_mirroring: bool = False) -> None:
        """Make these the shares, in percent.

        `ends_mirroring` ends all mirroring, even if the endpoint's own file declares it.
        """
        settings = self._settings(endpoint)
        _replace(settings, "traffic", traffic)
        if ends_mirroring:
            _replace(settings, "mirror_traffic", {})

    def write(self) -> None:
        """Replace the file atomically: a reader sees either the old text or the new."""
        write_atomically(self.path, self.text.encode())

    def _settings(self, endpoint: str) -> CommentedMap:
        return _under(_under(_under(self._document, "config"), "azml:endpoints"), endpoint)

    def _endpoint(self, key: str) -> StackEndpoint:
        at = f"azml:endpoints.{key}"
        settings = self._mapping(self.config["azml:endpoints"][key], at)
        slots = self._mapping(settings.get("deployments"), f"{at}.deployments")
        defaults = self._mapping(self.config.get("azml:endpointDefaults"), "azml:endpointDefaults")
        shared = settings.get("deployment", defaults.get("deployment")) or {}
        plain = {
            slot: {**shared, **(value if isinstance(value, Mapping) else {})} for slot, value in slots.items()
        }
        return StackEndpoint(
            key,
            self.program / (settings.get("path") or f"scoring/{key}"),
            settings.get("name"),
            {slot: value.get("file") for slot, value in plain.items()},
            {
                slot: {key: item for key, item in value.items() if key not in SLOT_KEYS}
                for slot, value in plain.items()
            },
            self._shares(settings, at, "traffic"),
            self._shares(settings, at, "mirror_traffic"),
            settings.get("file"),
        )

    def _shares(self, settings: Mapping[str, Any], at: str, key: str) -> dict[str, int] | None:
        shares = self._mapping(settings.get(key), f"{at}.{key}")
        if not all(isinstance(share, int) for share in shares.values()):
            message = "has a share that is not a whole number of percent"
            remedy = "write a whole number, as 90"
            raise InvalidInput([Finding(message, remedy, self.path, key=f"{at}.{key}")])
        return None if settings.get(key) is None else dict(shares)

    def _mapping(self, value: Any, at: str) -> Mapping[str, Any]:
        """`value`, empty if it is None. Raises InvalidInput when it is anything but a mapping."""
        if value is not None and not isinstance(value, Mapping):
            remedy = "pulumi preview shows how to write it"
            raise InvalidInput([Finding("is not a mapping", remedy, self.path, key=at)])
        return value or {}


def _under(parent: CommentedMap, key: str) -> CommentedMap:
    if not isinstance(parent.get(key), CommentedMap):
        parent[key] = CommentedMap()
    found: CommentedMap = parent[key]
    return found


def _replace(settings: CommentedMap, key: str, shares: Mapping[str, int]) -> None:
    """Set a mapping of shares, keeping its style and comment."""
    old = settings.get(key)
    new = _flow(shares)
    if isinstance(old, CommentedMap):
        if not old.fa.flow_style():
            new.fa.set_block_style()
        for name in [name for name in old if name not in shares]:
            del old[name]
        if shares or old.fa.flow_style():
            old.update(shares)
            _close_up(settings, key)
            return
    settings[key] = new


def _close_up(parent: CommentedMap, key: str) -> None:
    """Put the comment of an edited line directly after it, instead of at its old column."""
    for token in parent.ca.items.get(key) or ():
        if hasattr(token, "column"):
            token.column = 0


def _flow(values: Mapping[str, object]) -> CommentedMap:
    made = CommentedMap(values)
    made.fa.set_flow_style()
    return made


def _syntax(path: Path, broken: YAMLError) -> Finding:
    mark = getattr(broken, "problem_mark", None)
    problem = getattr(broken, "problem", None) or str(broken).splitlines()[0]
    if isinstance(broken, DuplicateKeyError):
        problem = problem.partition(" with value")[0]  # the values would hide the key
    return Finding(f"is not valid YAML: {problem}", "", path, mark.line + 1 if mark else None)
