"""How azure-native behaves: rows `native-*`, on a small program of its own in the same resource group."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from tests.journeys.azure import Azure
from tests.journeys.storage import CONTAINER, IDENTITIES_API, account_id
from tests.journeys.truth import Assume

PROGRAM = '''\
"""Two identities, and where the settings say so one and a blob whose names are taken."""

import pulumi
from pulumi_azure_native import managedidentity, storage

told = pulumi.Config().require_object("told")
group, location = told["group"], told["location"]
look = managedidentity.UserAssignedIdentity(
    "look", resource_group_name=group, location=location, tags=told["tags"]
)
for name in ("name", "location", "principal_id", "client_id", "tenant_id"):
    # Called in a preview for what it knows alone.
    getattr(look, name).apply(lambda _, name=name: pulumi.log.info(f"known: {name}."))
managedidentity.UserAssignedIdentity(
    "named", resource_name_=told["name"], resource_group_name=group, location=told["location"]
)
if told["taken"]:
    managedidentity.UserAssignedIdentity(
        "taken", resource_name_=told["taken"], resource_group_name=group, location=location
    )
    storage.Blob(
        "blob",
        blob_name="second",
        account_name=told["account"],
        container_name=told["container"],
        resource_group_name=group,
        type="Block",
        source=pulumi.StringAsset("other"),
    )
'''
ALREADY = "cannot create already existing resource"


class Program:
    """The program, in a folder of the clone beside the stack's."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.folder = azure.root / "local" / "look" if azure.local else azure.root / "look"
        self.told: dict[str, Any] = {
            "group": azure.group,
            "location": azure.location,
            "tags": {"step": "1"},
            "name": f"id-named-{azure.mark}",
            "taken": "",
            "account": account_id(azure).rpartition("/")[2],
            "container": CONTAINER,
        }

    def make(self) -> None:
        """Write it down, and make its stack."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "__main__.py").write_text(PROGRAM)
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(self._project(), sort_keys=False))
        self.configure()
        made = self.run("stack", "init", self.azure.stack)
        assert made.code == 0, made.text

    def configure(self, **given: Any) -> None:
        """Change settings."""
        self.told |= given
        config = {
            "azure-native:location": self.azure.location,
            "azure-native:subscriptionId": self.azure.subscription,
            "look:told": self.told,
        }
        (self.folder / f"Pulumi.{self.azure.stack}.yaml").write_text(yaml.safe_dump({"config": config}))

    def run(self, *arguments: str) -> Any:
        """Run Pulumi on it."""
        return self.azure.pulumi_in(self.folder, *arguments)

    def up(self) -> Any:
        """An update that does all it can, whatever fails."""
        return self.run("up", "--yes", "--skip-preview", "--continue-on-error")

    def resource(self, name: str) -> dict[str, Any]:
        """A resource as the state has it; empty for one that is not there."""
        return named(self.azure.state(self.folder), name)

    def _project(self) -> dict[str, Any]:
        """The project, with the providers and the environment that the stack's own project has."""
        own = yaml.safe_load((self.azure.project / "Pulumi.yaml").read_text())
        places = {name: own[name] for name in ("plugins",) if name in own}
        for one in places.get("plugins", {}).get("providers", []):
            one["path"] = str((self.azure.project / one["path"]).resolve())
        environment = {"virtualenv": str(self.azure.root / ".venv")}
        runtime = {"name": "python", "options": environment}
        return {"name": "look", "runtime": runtime, "backend": {"url": self.folder.as_uri()}, **places}


def look_at_azure_native(azure: Azure, assume: Assume) -> None:
    """Make, refuse, refresh, preview, update and destroy; the look at storage has left its blob."""
    names = [f"native-{number}" for number in (1, 2, 3, 5, 7, 8, 9, 10)]
    with assume.about(*names):
        program = Program(azure)
        program.make()
        taken = f"id-taken-{azure.mark}"
        azure.write("PUT", _identity(azure, taken), {"location": azure.location}, IDENTITIES_API)
        program.configure(taken=taken)
        look_at_taken_names(assume, program.up().text)
        program.configure(taken="")
        before = program.resource("look")
        own = before["inputs"].get("resourceName", "")
        body = {"location": azure.location, "tags": {"step": "1", "looked": "at"}}
        azure.write("PUT", _identity(azure, own), body, IDENTITIES_API)
        program.run("refresh", "--yes", "--skip-preview")
        look_at_a_refresh(assume, before, program.resource("look"))
        program.configure(tags={"step": "2"}, location=_spelt(azure.location), name=f"id-other-{azure.mark}")
        shown = program.run("preview", "--json", "--show-replacement-steps")
        look_at_a_preview(assume, shown.text)
        program.configure(name=f"id-named-{azure.mark}")
        program.up()
        after = program.resource("look")
        read = azure.ask("GET", _identity(azure, own), None, IDENTITIES_API).json()
        look_at_an_update(assume, own, after, read)
        azure.write("DELETE", _identity(azure, own), None, IDENTITIES_API)
        gone = program.run("destroy", "--yes", "--skip-preview")
        assume("native-9", gone.code == 0, gone.text if gone.code else "what was gone was destroyed")


def look_at_taken_names(assume: Assume, text: str) -> None:
    """What an update said of an identity and of a blob that were there."""
    lines = [line.strip() for line in text.splitlines() if ALREADY in line]
    blobs = [line for line in lines if "/blobs/" in line]
    others = [line for line in lines if "/blobs/" not in line]
    assume("native-1", bool(others), others or text[-300:])
    assume("native-10", bool(blobs), blobs or text[-300:])


def look_at_a_refresh(assume: Assume, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """The state of a resource before a tag was added behind its back, and after a refresh."""
    old, new = before["inputs"], after["inputs"]
    moved = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    is_so = moved == ["tags"] and new["tags"] == {"step": "1", "looked": "at"}
    assume("native-5", is_so, f"inputs that changed: {moved}, tags {new.get('tags')}")


def look_at_a_preview(assume: Assume, shown: str) -> None:
    """A preview: one identity has other tags, its location is spelt otherwise, and one has another name."""
    steps = json.loads(shown[shown.index("{") :]).get("steps") or []
    of = {name: [one for one in steps if one["urn"].endswith(f"::{name}")] for name in ("look", "named")}
    respelt, renamed = (sorted({one["op"] for one in of[name]}) for name in ("look", "named"))
    is_so = respelt == ["update"] and any("replace" in op for op in renamed)
    assume("native-7", is_so, f"a location spelt otherwise: {respelt}; another name: {renamed}")
    known = sorted(set(re.findall(r"known: (\w+)\.", shown)))
    assume("native-3", known == ["location", "name"], f"known in the preview: {known}")


def look_at_an_update(assume: Assume, name: str, state: Mapping[str, Any], read: Mapping[str, Any]) -> None:
    """The state after an update of the tags, and what a GET answers then."""
    outputs = state["outputs"]
    tags = [read.get("tags"), outputs.get("tags")]
    same = outputs.get("principalId") == read["properties"].get("principalId")
    assume("native-2", tags == [{"step": "2"}] * 2 and same, f"tags on Azure and in the state: {tags}")
    kept = state["inputs"].get("resourceName") == name and read.get("name") == name
    is_so = bool(re.fullmatch("look[0-9a-f]{8}", name)) and kept
    assume("native-8", is_so, f"named {name!r}, kept over an update: {kept}")


def look_at_a_failed_write(assume: Assume, state: Iterable[Mapping[str, Any]], deployment: str) -> None:
    """The state after a deployment was taken by Azure and failed."""
    found = [one for one in state if str(one.get("id", "")).lower() == deployment.lower()]
    has_outputs = bool(found) and bool((found[0].get("outputs") or {}).get("properties"))
    assume("native-6", has_outputs, f"in the state: {bool(found)}, with what a GET answers: {has_outputs}")


def named(resources: Iterable[dict[str, Any]], name: str) -> dict[str, Any]:
    """The resource of a name in the program; empty when there is none."""
    return next((one for one in resources if one["urn"].endswith(f"::{name}")), {})


def _identity(azure: Azure, name: str) -> str:
    return f"{azure.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"


def _spelt(location: str) -> str:
    """A location as the portal spells it, so far as that can be told: `West Europe` for `westeurope`."""
    parts = re.fullmatch(r"(west|east|north|south|central)?(\w+)", location)
    return " ".join(part.title() for part in parts.groups() if part) if parts else location
