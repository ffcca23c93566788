"""What the engine asks of a plugin and what it may answer, as typed records without wire details.

Values in these records are plain: secrets are taken off before a resource sees them and put back on what it
answers. They may still hold `UNKNOWN`, assets, archives and resource references.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from azml.engine_values import Properties


class Naming(Enum):
    """How firmly the stack's autonaming setting speaks."""

    PROPOSE = 0
    ENFORCE = 1
    DISABLE = 2


@dataclass(frozen=True)
class Autonaming:
    """The name the stack's settings propose, and how firmly."""

    name: str
    mode: Naming


@dataclass(frozen=True)
class Failure:
    """One thing wrong with an input; `property` is empty when it concerns the whole resource."""

    property: str
    reason: str


@dataclass(frozen=True)
class Check:
    """Are these inputs sound? `olds` are the inputs of the last `up`; empty for a new resource."""

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
    """The inputs with names and defaults filled in, and everything wrong with them."""

    inputs: Properties
    failures: Sequence[Failure] = ()


class Kind(Enum):
    """How one property differs. The numbers are the protocol's; the odd ones are replacements."""

    ADD = 0
    ADD_REPLACE = 1
    DELETE = 2
    DELETE_REPLACE = 3
    UPDATE = 4
    UPDATE_REPLACE = 5


@dataclass(frozen=True)
class Diff:
    """What would change? `news` are checked inputs; `outputs` the last known state."""

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
    """Make it. In a preview nothing is made and outputs the cloud computes are UNKNOWN."""

    urn: str
    type: str
    inputs: Properties
    preview: bool
    timeout: float = 0.0


@dataclass(frozen=True)
class Read:
    """What is there now? Without `inputs` the resource is being imported by its id."""

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
    """Remove it; that it is gone already is not an error."""

    urn: str
    type: str
    id: str
    inputs: Properties
    outputs: Properties
    timeout: float = 0.0


@dataclass(frozen=True)
class State:
    """A resource as it stands: its id, its outputs, and on a read the inputs that would make it so."""

    id: str
    outputs: Properties
    inputs: Properties = field(default_factory=dict)


class ProviderError(Exception):
    """A call failed; the text is shown to the user as it is."""


class InitFailedError(ProviderError):
    """The resource exists but did not become ready: the engine keeps its state and updates it next time."""

    def __init__(self, state: State, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.state = state
        self.reasons = tuple(reasons)


class Resource(Protocol):
    """The life of one resource type. Every method may raise ProviderError."""

    def check(self, call: Check) -> Checked:
        """Judge the inputs and fill in names and defaults."""
        ...

    def diff(self, call: Diff) -> Changes:
        """Compare checked inputs with those of the last `up`."""
        ...

    def create(self, call: Create) -> State:
        """Make the resource. Raises InitFailedError when it exists but is not ready."""
        ...

    def read(self, call: Read) -> State | None:
        """The resource as it stands; None when it is gone. Raises InitFailedError when it is not ready."""
        ...

    def update(self, call: Update) -> Properties:
        """Change it and answer its outputs. Raises InitFailedError like `create`."""
        ...

    def delete(self, call: Delete) -> None:
        """Remove it."""
        ...


class Package(Protocol):
    """What one plugin offers."""

    def configure(self, settings: Properties) -> None:
        """Take the provider's own inputs. Nothing may be contacted yet: a command may need no call at all."""
        ...

    def check_settings(self, settings: Properties) -> Properties:
        """The part of the provider's inputs that belongs into its state."""
        ...

    def resource(self, type_token: str) -> Resource:
        """The resource type, or ProviderError naming those that exist."""
        ...

    def invoke(self, token: str, arguments: Properties, preview: bool) -> Properties:
        """Answer a function call."""
        ...

    def schema(self) -> Mapping[str, object]:
        """The package schema, as Pulumi's own tools read it."""
        ...

    def cancel(self) -> None:
        """Give up whatever is being waited for."""
        ...
