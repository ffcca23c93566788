"""What can go wrong while a deployment is being prepared."""


class DeploymentFailure(Exception):
    """A deployment cannot serve. The text is the reason, written for the owner of the deployment."""


class EnvironmentFailure(DeploymentFailure):
    """The environment cannot be read or built."""
