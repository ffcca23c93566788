"""Which subscription and tenant the stack deploys to."""

import os
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Account:
    """A subscription and the tenant that owns it, as text: ids are built from them."""

    subscription_id: str
    tenant_id: str


def account() -> Account:
    """The account azure-native acts in: its configuration, else ARM_* variables, else its sign-in."""
    config = pulumi.Config("azure-native")
    subscription = config.get("subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID")
    tenant = config.get("tenantId") or os.environ.get("ARM_TENANT_ID")
    if subscription and tenant:
        return Account(subscription, tenant)
    # Last, because the engine has to start and sign in the provider before the program can go on.
    from pulumi_azure_native import authorization

    found = authorization.get_client_config()
    return Account(subscription or found.subscription_id, tenant or found.tenant_id)
