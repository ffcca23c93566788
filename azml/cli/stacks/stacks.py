"""Selects the stack of a command, and connects to its Azure."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from azml.azure.arm import Arm
from azml.azure.cloud import Cloud
from azml.azure.errors import AzureError
from azml.azure.settings import AzureSettings, read_settings
from azml.cli.clone import Clone
from azml.cli.failure import InputError, NotThereError
from azml.cli.local import local_azure
from azml.cli.local.engine import foreign

if TYPE_CHECKING:
    from azml.stack.stack_file import StackFile

LOCAL = "local"
"""The stack of the local Azure; its project is in `local/`."""
AZURE_NATIVE = "azure-native:"
"""The prefix of azure-native's settings in a stack file."""


@dataclass(frozen=True)
class WorkspaceName:
    """The names that locate a workspace in Azure."""

    subscription_id: str
    resource_group: str
    name: str

    @property
    def id(self) -> str:
        """The workspace's ARM id."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )


@dataclass(frozen=True)
class Stack:
    """One stack of this clone: its name, its project's folder and its file."""

    clone: Clone
    name: str

    @property
    def local(self) -> bool:
        """Whether it is the local Azure's: its file is in `local/`, and not in the Azure project."""
        return self.name == LOCAL or (
            _file(self.clone.local_project, self.name).is_file()
            and not _file(self.clone.root, self.name).is_file()
        )

    @property
    def project(self) -> Path:
        """The folder of its `Pulumi.yaml`."""
        return self.clone.local_project if self.local else self.clone.root

    @property
    def path(self) -> Path:
        """Its settings file."""
        return _file(self.project, self.name)

    @cached_property
    def file(self) -> "StackFile":
        """Its settings, read once."""
        from azml.stack.stack_file import StackFile  # slow to import, and not every command needs a stack

        return StackFile(self.path, self.clone.root)


def _file(project: Path, stack: str) -> Path:
    return project / f"Pulumi.{stack}.yaml"


def choose(clone: Clone, name: str | None) -> Stack:
    """The stack `name`, else the local one if its Azure runs, else the only one."""
    known = _known(clone)
    if name is not None:
        if all(stack.name != name for stack in known):
            names = ", ".join(stack.name for stack in known)
            raise NotThereError(f"there is no stack {name!r}", f"known: {names}")
        return Stack(clone, name)
    if local_azure.running(clone):
        return Stack(clone, LOCAL)
    on_azure = [stack for stack in known if not stack.local]
    if len(on_azure) == 1:
        # A stack on Azure, then: tell a user who expected the local one.
        typer.echo(f"the local Azure is not running: this is about stack {on_azure[0].name}", err=True)
        return on_azure[0]
    raise InputError(
        "which stack? The local Azure is not running",
        f"start it, or choose with --stack: {', '.join(stack.name for stack in on_azure)}",
    )


def _known(clone: Clone) -> list[Stack]:
    files = [*clone.root.glob("Pulumi.*.yaml"), *clone.local_project.glob("Pulumi.*.yaml")]
    names = {file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files}
    return [Stack(clone, name) for name in sorted(names)]


@dataclass(frozen=True)
class Connection:
    """A connection to a stack's workspace, with one identity."""

    stack: Stack
    workspace: WorkspaceName
    arm: Arm
    settings: AzureSettings


def connect(stack: Stack) -> Connection:
    """Connect to the Azure of a stack, with the identity azure-native would use.

    The local Azure's variables are set in this process, so no `eval` is needed. Raises NotThereError when it
    does not run, and InputError when the stack file does not name a workspace.
    """
    if stack.local:
        enter(local_azure.required(stack.clone).environment())
    config = {
        key.removeprefix(AZURE_NATIVE): value
        for key, value in stack.file.config.items()
        if key.startswith(AZURE_NATIVE) and _plain(value)
    }
    settings = read_settings(config)
    arm = Arm(settings, vet=None if stack.local else _refuse_local)
    subscription = settings.subscription_id or _signed_in_subscription()
    return Connection(stack, workspace_of(stack, subscription), arm, settings)


def enter(variables: Mapping[str, str]) -> None:
    """Point every client in this process at the local Azure, and drop the user's own settings."""
    for name in foreign():
        del os.environ[name]
    os.environ.update(variables)


def _plain(value: Any) -> bool:
    """Only the engine can decrypt secrets; commands use the environment's or `az`'s login instead."""
    return isinstance(value, str | bool | int)


def _refuse_local(cloud: Cloud) -> None:
    if cloud.local:
        raise AzureError(
            "this shell points at the local Azure, and the stack is not the local one; "
            "use a shell without the variables of `azml emulator env`"
        )


def workspace_of(stack: Stack, subscription_id: str) -> WorkspaceName:
    """The workspace in a stack's file. Raises InputError when there is none."""
    named = stack.file.config.get("azml:workspace")
    group = named.get("resourceGroup") if isinstance(named, Mapping) else None
    if isinstance(group, Mapping):
        group = group.get("name")
    name = named.get("name") if isinstance(named, Mapping) else None
    if not group or not name:
        like = get_close_matches("azml:workspace", set(stack.file.config) - {"azml:workspace"}, n=1)
        raise InputError(
            f"{stack.path}: azml:workspace does not name a workspace",
            f"{like[0]} is not a setting; did you mean azml:workspace?"
            if like and named is None
            else "write a mapping, as {resourceGroup: rg-azml-dev, name: mlw-azml-dev}",
        )
    return WorkspaceName(subscription_id, str(group), str(name))


def _signed_in_subscription() -> str:
    """The subscription that `az` has selected, which azure-native uses when no setting names one."""
    from azml.cli.stacks.azure_cli import subscription_id

    return subscription_id()
