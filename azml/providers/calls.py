"""The engine's calls to a plugin and the answers, as typed records without wire details.

Values in these records are plain: secrets are unwrapped before a resource sees them and wrapped again in its
answers. They may still contain `UNKNOWN`, assets, archives and resource references.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from azml.engine_values import Properties


class Naming(Enum):
    """How strictly the stack's autonaming setting applies."""

    PROPOSE = 0
    ENFORCE = 1
    DISABLE = 2


@dataclass(frozen=True)
class Autonaming:
    """The name that the stack's settings propose, and how strictly."""

    name: str
    mode: Naming


@dataclass(frozen=True)
class Failure:
    """A fault in an input; `property` is empty when it concerns the whole resource."""

    property: str
    reason: str


@dataclass(frozen=True)
class Check:
    """Validate inputs. `olds` are the inputs of the last `up`; empty for a new resource."""

    urn: str
    type: str
    news: Properties
    olds: Properties
    autonaming: Autonaming | None = None
    seed: bytes = b""

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Checked:
    """The inputs with names and defaults filled in, and all their faults."""

    inputs: Properties
    failures: Sequence[Failure] = ()


class Kind(Enum):
    """How a property differs. The numbers are the protocol's; the odd ones are replacements."""

    ADD = 0
    ADD_REPLACE = 1
    DELETE = 2
    DELETE_REPLACE = 3
    UPDATE = 4
    UPDATE_REPLACE = 5

    @property
    def replaces(self) -> bool:
        """Whether the engine replaces the resource for it."""
        return bool(self.value & 1)

    @property
    def as_replacement(self) -> "Kind":
        """The same difference, for which the engine replaces the resource."""
        return Kind(self.value | 1)


@dataclass(frozen=True)
class Diff:
    """Find changes. `news` are checked inputs; `outputs` the last known state."""

    urn: str
    type: str
    id: str
    olds: Properties
    news: Properties
    outputs: Properties
    ignored: Sequence[str] = ()


@dataclass(frozen=True)
class Changes:
    """The differences by property path, and whether a replacement must delete first."""

    paths: Mapping[str, Kind] = field(default_factory=dict)
    delete_first: bool = False


@dataclass(frozen=True)
class Create:
    """Create it. In a preview nothing is created, and outputs that the cloud computes are UNKNOWN."""

    urn: str
    type: str
    inputs: Properties
    preview: bool
    timeout: float = 0.0


@dataclass(frozen=True)
class Read:
    """Read the current state. Without `inputs` the resource is being imported by its id."""

    urn: str
    type: str
    id: str
    inputs: Properties
    outputs: Properties


@dataclass(frozen=True)
class Update:
    """Change it in place."""

    urn: str
    type: str
    id: str
    olds: Properties
    news: Properties
    outputs: Properties
    preview: bool
    timeout: float = 0.0


@dataclass(frozen=True)
class Delete:
    """Delete it; a resource that is gone already is not an error."""

    urn: str
    type: str
    id: str
    inputs: Properties
    outputs: Properties
    timeout: float = 0.0


@dataclass(frozen=True)
class State:
    """The state of a resource: its id, its outputs, and on a read the inputs that would produce it."""

    id: str
    outputs: Properties
    inputs: Properties = field(default_factory=dict)


class ProviderError(Exception):
    """A call failed; the text is shown to the user unchanged."""


class InitFailedError(ProviderError):
    """The resource exists but did not become ready: the engine keeps its state and updates it next time."""

    def __init__(self, state: State, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.state = state
        self.reasons = tuple(reasons)


class Resource(Protocol):
    """The operations of one resource type. Every method may raise ProviderError."""

    def check(self, call: Check) -> Checked:
        """Validate the inputs and fill in names and defaults."""
        ...

    def diff(self, call: Diff) -> Changes:
        """Compare checked inputs with those of the last `up`."""
        ...

    def create(self, call: Create) -> State:
        """Create the resource. Raises InitFailedError when it exists but is not ready."""
        ...

    def read(self, call: Read) -> State | None:
        """The current state; None when it is gone. Raises InitFailedError when it is not ready."""
        ...

    def update(self, call: Update) -> Properties:
        """Change it and return its outputs. Raises InitFailedError like `create`."""
        ...

    def delete(self, call: Delete) -> None:
        """Delete it."""
        ...


class Package(Protocol):
    """The resources and functions of one plugin."""

    def configure(self, settings: Properties) -> None:
        """Set the provider's inputs. Nothing may be contacted yet: a command may need no call at all."""
        ...

    def resource(self, type_token: str) -> Resource:
        """The resource type. Raises a ProviderError that lists the existing ones."""
        ...

    def invoke(self, token: str, arguments: Properties, preview: bool) -> Properties:
        """Answer a function call."""
        ...

    def schema(self) -> Mapping[str, object]:
        """The package schema for Pulumi's own tools."""
        ...

    def cancel(self) -> None:
        """End every wait."""
        ...
