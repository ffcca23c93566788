"""Who is told of alerts: an action group of the stack, and those that exist already."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from .component import Component
from .workspace import Workspace

SHORT_NAME = "azml"
"""The name of the group in messages: 12 characters at most."""


@dataclass(frozen=True, kw_only=True)
class AlertReceiversArgs:
    """Mail addresses and webhooks, and the ids of action groups that exist already.

    Webhooks are kept as secrets: whoever knows the address of one may post to it.
    """

    workspace: Workspace
    emails: Sequence[str] = ()
    webhooks: Sequence[pulumi.Input[str]] = ()
    action_group_ids: Sequence[pulumi.Input[str]] = ()


class AlertReceivers(Component):
    """An action group, if there is anybody to put into it."""

    action_group_ids: Sequence[pulumi.Input[str]]
    """The ids of all action groups, for `Alerts`."""

    def __init__(
        self, name: str, args: AlertReceiversArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("AlertReceivers", name, opts)
        own = [self._group(name, args).id] if args.emails or args.webhooks else []
        self.action_group_ids = [*own, *args.action_group_ids]
        self.register_outputs({"action_group_ids": self.action_group_ids})

    def _group(self, name: str, args: AlertReceiversArgs) -> "monitor.ActionGroup":
        mails = [
            monitor.MicrosoftCommonEmailReceiverArgs(
                name=f"mail-{place}", email_address=mail, use_common_alert_schema=True
            )
            for place, mail in enumerate(args.emails)
        ]
        hooks = [
            monitor.WebhookReceiverArgs(
                name=f"webhook-{place}",
                service_uri=pulumi.Output.secret(address),
                use_common_alert_schema=True,
            )
            for place, address in enumerate(args.webhooks)
        ]
        return monitor.ActionGroup(
            name,
            action_group_name=name,
            resource_group_name=args.workspace.resource_group,
            location="Global",
            enabled=True,
            group_short_name=SHORT_NAME,
            email_receivers=mails,
            webhook_receivers=hooks,
            opts=self._child(
                pulumi.ResourceOptions(
                    depends_on=args.workspace.first, additional_secret_outputs=["webhookReceivers"]
                )
            ),
        )
