"""One endpoint with its deployments: a folder that a stack can declare it from, or the reasons against."""

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from azml.azure.endpoints import deployment_id
from azml.bundling import HashCache
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.importing import deployments, endpoint_spec
from azml.cli.importing.blob_names import printable
from azml.cli.importing.deployments import Pinned
from azml.cli.importing.downloads import Downloads, NotFetched
from azml.cli.release.frozen import as_text
from azml.stack.endpoint.endpoint_settings import EndpointSettings, SlotSettings
from azml.stack.endpoint.scoring import load
from azml.stack.sections.faults import Faults
from azml.stack.sections.places import Places

WORKING = "# Written by `azml import`: what served in Azure then, from the files in this folder."
OWN = "# Written by `azml import`: the endpoint as it was in Azure. The stack file has its shares."


@dataclass(frozen=True)
class Taken:
    """An endpoint that can be taken over, with its files in `folder`.

    `files` maps each slot to the file that pins it, relative to the folder. `unfetched` says of slots why
    their files are not there, so that they can only be deployed where their versions are registered.
    """

    endpoint: OnlineEndpoint
    folder: Path
    files: Mapping[str, str]
    unfetched: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name in Azure, its key in the stack file, and its folder's name."""
        return self.endpoint.name


@dataclass(frozen=True)
class Left:
    """An endpoint that is left as it is, and why."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Taker:
    """Takes endpoints over.

    `plain` are variables that are no secrets, `scaled` the ids in lower case of what Azure Monitor scales.
    `say` reports progress.
    """

    downloads: Downloads
    cache: HashCache
    say: Callable[[str], None]
    plain: Collection[str] = ()
    scaled: Collection[str] = ()

    def take(self, endpoint: OnlineEndpoint, folder: Path) -> Taken | Left:
        """Write the endpoint's files into `folder`, which is new. Raises OSError."""
        reasons = [*endpoint_spec.unsayable(endpoint), *self._unsayable(endpoint)]
        if reasons:
            return Left(endpoint.name, tuple(reasons))
        pins = {live.name: self._pinned(endpoint, live) for live in endpoint.deployments}
        _write(folder, pins, endpoint)
        if reasons := list(self._changes(endpoint, pins, folder)):
            shutil.rmtree(folder)
            return Left(endpoint.name, tuple(reasons))
        unfetched = dict(self._fetched(endpoint, pins, folder))
        return Taken(endpoint, folder, {slot: pin.file for slot, pin in pins.items()}, unfetched)

    def _pinned(self, endpoint: OnlineEndpoint, live: OnlineDeployment) -> Pinned:
        scaled = deployment_id(endpoint.id, live.name).lower() in self.scaled
        return deployments.pinned(endpoint, live, autoscaled=scaled)

    def _unsayable(self, endpoint: OnlineEndpoint) -> Iterator[str]:
        if not endpoint.deployments:
            yield "it has no deployments"
        for live in endpoint.deployments:
            for reason in deployments.unsayable(live, self.plain):
                yield f"{printable(live.name)}: {reason}"

    def _changes(self, endpoint: OnlineEndpoint, pins: Mapping[str, Pinned], folder: Path) -> Iterator[str]:
        """Why a stack that reads these files, as the program will, would refuse them or change something."""
        settings = EndpointSettings(
            endpoint.name,
            folder,
            None,
            tuple(SlotSettings(slot, pin.file, {}) for slot, pin in pins.items()),
            endpoint.traffic,
            endpoint.mirror_traffic,
            allow_live_change=False,
            protect=False,
        )
        faults = Faults(Places())
        served = load(settings, self.cache, faults)
        yield from (f"{one.key or 'its file'} {one.message}: {one.remedy}" for one in faults.findings)
        slots = {slot.name: slot for slot in served.slots} if served and not faults.findings else {}
        for live in endpoint.deployments:
            if slot := slots.get(live.name):
                for reason in deployments.changes(live, pins[live.name].spec, slot):
                    yield f"{live.name}: {reason}"

    def _fetched(
        self, endpoint: OnlineEndpoint, pins: Mapping[str, Pinned], folder: Path
    ) -> Iterator[tuple[str, str]]:
        """Fetch the files of each slot, and write its working file; yields slots without, and why."""
        for slot, pin in pins.items():
            self.say(f"files of {endpoint.name} {slot}")
            try:
                document = self.downloads.working_document(pin.spec, pin.document, folder)
            except NotFetched as reason:
                yield slot, str(reason)
                continue
            (folder / working_file(slot)).write_text(as_text(document, WORKING), encoding="utf-8")


def working_file(slot: str) -> str:
    """The file that deploys a slot from the folder. Its ending keeps it apart from the endpoint's file."""
    return f"{slot}-deployment.yml"


def _write(folder: Path, pins: Mapping[str, Pinned], endpoint: OnlineEndpoint) -> None:
    document = endpoint_spec.endpoint_document(endpoint_spec.read_endpoint_spec(endpoint))
    folder.mkdir(parents=True)
    (folder / "endpoint.yml").write_text(as_text(document, OWN), encoding="utf-8")
    for pin in pins.values():
        file = folder / pin.file
        file.parent.mkdir(exist_ok=True)
        file.write_text(pin.text, encoding="utf-8")
