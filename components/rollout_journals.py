"""Where the journals of rollouts are kept: a container in the workspace's storage, which its team shares."""

import pulumi
from pulumi_azure_native import storage

from azml.azure.rollouts import CONTAINER


def rollout_journals(
    workspace: str, account_id: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> storage.BlobContainer:
    """Declare the container in the account with this ARM id.

    Whoever carries a rollout out needs the role Storage Blob Data Contributor there.
    """
    parts = account_id.apply(lambda account: account.split("/"))
    return storage.BlobContainer(
        f"{workspace}-{CONTAINER}",
        container_name=CONTAINER,
        account_name=parts.apply(lambda found: found[-1]),
        resource_group_name=parts.apply(lambda found: found[4]),
        public_access=storage.PublicAccess.NONE,
        opts=opts,
    )
