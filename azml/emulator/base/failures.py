"""What can go wrong while a deployment is made ready."""


class DeploymentFailure(Exception):
    """A deployment cannot serve. Its text is the reason, as the owner of the deployment should read it."""


class EnvironmentFailure(DeploymentFailure):
    """The environment cannot be read or built."""
