"""The environment variables that direct Azure clients to the local Azure."""

from azml.emulator.base.certificates import Certificates
from azml.emulator.base.identity import CLIENT, SUBSCRIPTION, TENANT, Identity
from azml.emulator.control.arm.addresses import Addresses

QUIET = {
    # In a Jupyter kernel azure-ai-ml reports its calls to Microsoft, unless nothing is exported.
    # The proxy for shells stops what remains.
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "otel",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_TRACES_EXPORTER": "none",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
}


def environment(addresses: Addresses, certificates: Certificates, identity: Identity) -> dict[str, str]:
    """Names and values; the variables that they replace in a client must be removed, proxies included."""
    return {
        **_azure_native(addresses, identity),
        **_azure_identity(addresses, identity),
        **_azure_ai_ml(addresses),
        **_trust(certificates),
        **QUIET,
        "PULUMI_CONFIG_PASSPHRASE": "azml-local",
    }


def _azure_native(addresses: Addresses, identity: Identity) -> dict[str, str]:
    return {
        "ARM_METADATA_HOSTNAME": addresses.host,
        "ARM_DISABLE_INSTANCE_DISCOVERY": "true",
        "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
        "ARM_TENANT_ID": TENANT,
        "ARM_CLIENT_ID": CLIENT,
        "ARM_CLIENT_SECRET": identity.client_secret,
    }


def _azure_identity(addresses: Addresses, identity: Identity) -> dict[str, str]:
    return {
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
        # azure-identity trusts the authority of this tenant without a check, as for AD FS. With any other
        # tenant it would first ask login.microsoftonline.com whether this address is one.
        "AZURE_TENANT_ID": "adfs",
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_CLIENT_SECRET": identity.client_secret,
        # Without it DefaultAzureCredential uses the secret above, and MSAL would ask a public host whether
        # this address is an authority.
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "AZURE_AUTHORITY_HOST": addresses.host,
        "IDENTITY_ENDPOINT": f"{addresses.arm}/msi/token",
        "IDENTITY_HEADER": identity.client_secret,
    }


def _azure_ai_ml(addresses: Addresses) -> dict[str, str]:
    return {
        # It uses the document's cloud only if the address is contained in exactly this text.
        "ARM_CLOUD_METADATA_URL": f"{addresses.arm}/metadata/endpoints?api-version=2019-05-01",
        "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{addresses.arm}/",
    }


def _trust(certificates: Certificates) -> dict[str, str]:
    bundle = str(certificates.ca_bundle)
    return {
        "REQUESTS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
