"""The page where a person looks at what was deployed."""

from .settings import Settings
from .workspace import Workspace

AZURE_STUDIO = "https://ml.azure.com"


def studio_url(settings: Settings, workspace: Workspace) -> str:
    """The workspace's page in Azure ML studio, or the page the stack config names."""
    if settings.studio_url:
        return settings.studio_url
    return f"{AZURE_STUDIO}/endpoints?wsid={workspace.arm_id}&tid={workspace.tenant_id}"
