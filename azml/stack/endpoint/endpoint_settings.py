"""What the stack config says of an endpoint and its slots, before a file is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from azml.specs import Node, endpoint_file
from azml.stack.endpoint.access import NO_ACCESS, Access
from azml.stack.endpoint.alerts import AlertRule
from azml.stack.endpoint.autoscale import Scale


@dataclass(frozen=True)
class SlotSettings:
    """One deployment in the stack config: its file (None: the default) and the overriding keys.

    `shared` has the dotted paths of those that the endpoint gives all its slots.
    `scale_key` is the dotted path of the setting that `scale` comes from.
    """

    name: str
    file: str | None
    overrides: Mapping[str, object]
    shared: Mapping[str, str] = field(default_factory=dict)
    scale: Scale | None = None
    scale_key: str = ""

    def path(self, own: str, key: str) -> str:
        """The dotted path of the overriding key `key`; `own` is the slot's."""
        first, _, below = key.partition(".")
        place = self.shared.get(first, f"{own}.{first}")
        return f"{place}.{below}" if below else place


@dataclass(frozen=True)
class EndpointSettings:
    """One endpoint in the stack config. Shares are percents, None where the endpoint file decides.

    `file` is its own file, relative to `folder`; None for the default name. `rollout` is the plan as written,
    None without one.
    """

    key: str
    folder: Path
    name: str | None
    slots: tuple[SlotSettings, ...]
    traffic: Mapping[str, int] | None
    mirror_traffic: Mapping[str, int] | None
    allow_live_change: bool
    protect: bool
    file: str | None = None
    rollout: Node | None = None
    access: Access = NO_ACCESS
    alerts: tuple[AlertRule, ...] = ()
    workbook: bool = False

    @property
    def path(self) -> str:
        """The dotted path of this endpoint's settings."""
        return f"azml:endpoints.{self.key}"

    @property
    def own_file(self) -> Path | None:
        """The endpoint's own file; None where it has none."""
        return endpoint_file(self.folder, self.key, self.file)
