"""The subscription that the `az` command line has selected, which no library reports."""

import subprocess

from azml.cli.failure import InputError

REMEDY = (
    "set azure-native:subscriptionId in the stack file or ARM_SUBSCRIPTION_ID, or sign in with `az login`"
)


def subscription_id() -> str:
    """The subscription of `az account show`; raises InputError when nobody is signed in."""
    command = ["az", "account", "show", "--query", "id", "--output", "tsv"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        raise InputError("no subscription is set", REMEDY) from None
    return done.stdout.strip()
