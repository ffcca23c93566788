"""What Azure adds to a resource on read, or changes by itself, and how it is shown."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from azml.emulator.control.arm.store import Record, ResourceStore


@dataclass(frozen=True)
class Reading:
    """What an addition may use besides the record: other resources, and the addresses."""

    store: ResourceStore
    operation_url: Callable[[str], str]


Show = Callable[[Record, Reading], Record]


@dataclass(frozen=True)
class Addition:
    """One fact: the `member` of the `resource` that appears or changes, `when`, and the `source` of the fact.

    `show` adds it to a record of one of the `kinds` (in lower case) when it is read; the stored and running
    resource does not have it. Where `show` is None, the stored resource changes: by itself at a known moment,
    or when a test asks for it in the way that `steered` gives.
    """

    id: str
    resource: str
    member: str
    when: str
    source: str
    kinds: Collection[str] = field(default=())
    show: Show | None = None
    steered: str = ""


class Additions:
    """A table of additions, applied to every resource that is read."""

    def __init__(self, table: Iterable[Addition], reading: Reading) -> None:
        self._table = tuple(table)
        self._reading = reading

    def __iter__(self) -> Iterator[Addition]:
        return iter(self._table)

    def shown(self, record: Record) -> Record:
        """The record as Azure returns it."""
        for addition in self._table:
            if addition.show and record.id.kind in addition.kinds:
                record = addition.show(record, self._reading)
        return record


def moment(seconds: float) -> str:
    """A time in unix seconds as Azure writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
