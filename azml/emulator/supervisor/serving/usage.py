"""The resource usage of a deployment's instances."""

import contextlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil

from azml.emulator.contract.aggregates import Aggregate, sample

Series = Mapping[str, Aggregate]


@dataclass(frozen=True)
class Usage:
    """Samples of one deployment: `cpu` and `memory` in percent of this machine by instance, and how many
    instances were in each state."""

    cpu: Series = field(default_factory=dict)
    memory: Series = field(default_factory=dict)
    capacity: Series = field(default_factory=dict)

    def plus(self, other: "Usage") -> "Usage":
        """These samples and others."""
        return Usage(
            _merged(self.cpu, other.cpu),
            _merged(self.memory, other.memory),
            _merged(self.capacity, other.capacity),
        )

    def to_json(self) -> dict[str, Any]:
        """The values as JSON types."""
        return asdict(self)


def usage_from_json(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Usage:
    """The reverse of `Usage.to_json`."""
    return Usage(
        **{name: {key: Aggregate(**one) for key, one in series.items()} for name, series in values.items()}
    )


class Gauge:
    """Measures processes with all that they started. CPU is the use since the last measurement."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[float, float]] = {}
        self._children: Mapping[int, Sequence[psutil.Process]] = {}

    def look(self) -> None:
        """List the machine's processes. Once for all measurements, as it is slow."""
        children: dict[int, list[psutil.Process]] = defaultdict(list)
        for process in psutil.process_iter(["ppid"]):
            children[process.info["ppid"]].append(process)
        self._children = children

    def measure(self, instances: Mapping[str, int], ready: int, waiting: int) -> Usage:
        """A sample of instances by name with their process ids, and how many are ready and are not."""
        cpu: dict[str, Aggregate] = {}
        memory: dict[str, Aggregate] = {}
        for name, pid in instances.items():
            with contextlib.suppress(psutil.Error):
                family = self._family(pid)
                memory[name] = sample(100 * _memory(family) / psutil.virtual_memory().total)
                if (share := self._cpu(pid, family)) is not None:
                    cpu[name] = sample(share)
        return Usage(cpu, memory, {"Ready": sample(ready), "NotReady": sample(waiting)})

    def keep(self, pids: Sequence[int]) -> None:
        """Forget all processes but these."""
        self._before = {pid: self._before[pid] for pid in pids if pid in self._before}

    def _family(self, pid: int) -> list[psutil.Process]:
        family = [psutil.Process(pid)]
        for member in family:  # grows during the loop
            family += self._children.get(member.pid, ())
        return family

    def _cpu(self, pid: int, family: Sequence[psutil.Process]) -> float | None:
        now, used = time.monotonic(), sum(_seconds(process) for process in family)
        then = self._before.get(pid)
        self._before[pid] = (now, used)
        if then is None or now <= then[0]:
            return None
        # A replaced worker no longer counts with its seconds: the use must not become negative.
        return 100 * max(used - then[1], 0.0) / (now - then[0]) / (psutil.cpu_count() or 1)


def _memory(family: Sequence[psutil.Process]) -> int:
    total = 0
    for process in family:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def _seconds(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _merged(one: Series, other: Series) -> dict[str, Aggregate]:
    merged = dict(one)
    for name, spread in other.items():
        merged[name] = merged[name].plus(spread) if name in merged else spread
    return merged
