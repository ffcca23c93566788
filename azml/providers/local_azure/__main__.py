"""The process an engine starts in place of azure-native's plugin."""

from azml.providers.local_azure.package import LocalAzure
from azml.providers.server import serve

serve(LocalAzure())
