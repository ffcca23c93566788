"""How to start a scoring process: its command, its folder and its environment variables."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.base.subprocesses import Launch
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.supervisor.environments.environments import Environment
from azml.emulator.supervisor.environments.requirements import mlflow_root

SCORING = Path(__file__).parents[2] / "scoring"
"""Our files that scoring processes run."""
_SETTINGS = SCORING / "gunicorn_settings.py"
_NO_CODE = SCORING / "mlflow_model"
_APP = "azureml_inference_server_http.server.entry:app"
# Variables that a program needs. A scoring script gets no others of ours: they may hold secrets.
_INHERITED = (
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "SHELL",
    "TZ",
    "USER",
)


def launch_of(
    desired: DesiredDeployment,
    environment: Environment,
    socket: Path,
    granted: Mapping[str, str] = MappingProxyType({}),
    parent: int | None = None,
) -> Launch:
    """The launch of one instance that listens on `socket` and ends with the process `parent` (this one).

    `granted` are the variables for access to Azure's services; the user's own take precedence.

    Raises DeploymentFailure when the deployment has nothing to run.
    """
    variables = {
        **_of_machine(environment),
        # As on Azure, files that a script leaves there are removed with its instance.
        "HOME": str(socket.parent),
        "TMPDIR": str(socket.parent),
        **_of_insights(desired),
        "SERVICE_NAME": desired.name,
        **granted,
        **desired.environment_variables,
        **_of_script(desired),
        "AZML_PARENT": str(os.getpid() if parent is None else parent),
    }
    if desired.model_folder:
        variables["AZUREML_MODEL_DIR"] = str(desired.model_folder)
    gunicorn = (str(environment.python), "-m", "gunicorn", "--config", str(_SETTINGS))
    command = (*gunicorn, "--bind", f"unix:{socket}", "--name", str(socket), _APP)
    script = _script(desired)
    return Launch(command, script.parent if script else socket.parent, variables)


def _of_machine(environment: Environment) -> dict[str, str]:
    path = f"{environment.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "PATH": path,
        "VIRTUAL_ENV": str(environment.folder),
        "PYTHONUNBUFFERED": "1",
        # Other deployments use it: see `ByteCode`. None is kept of a user's own modules.
        "PYTHONPYCACHEPREFIX": str(environment.byte_code),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _of_insights(desired: DesiredDeployment) -> dict[str, str]:
    """What the inference server reads (its `config.py`), and the exporter of telemetry that it uses.

    The server gives its exporter the key alone, which then takes the address from the connection string.
    """
    if desired.insights is None:
        return {"AML_APP_INSIGHTS_ENABLED": "false"}
    key, endpoint = desired.insights.key, desired.insights.endpoint
    return {
        "AML_APP_INSIGHTS_ENABLED": "true",
        "AML_APP_INSIGHTS_KEY": key,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={key};IngestionEndpoint={endpoint}",
        # Statistics of the exporter itself, for Microsoft: nothing may leave this machine.
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    }


def _script(desired: DesiredDeployment) -> Path | None:
    if desired.code_folder and desired.scoring_script:
        return desired.code_folder / desired.scoring_script
    return None


def _of_script(desired: DesiredDeployment) -> dict[str, str]:
    script = _script(desired)
    if script:
        if not script.is_file():
            raise DeploymentFailure(f"the scoring script {desired.scoring_script} is not in the code")
        # The script's own folder, even below the code folder: Azure/azure-sdk-for-python#30296.
        return {"AML_APP_ROOT": str(script.parent), "AZUREML_ENTRY_SCRIPT": script.name}
    if desired.mlflow and desired.model_folder:
        root = str(mlflow_root(desired.model_folder))
        return {
            "AML_APP_ROOT": str(_NO_CODE),
            "AZUREML_ENTRY_SCRIPT": "score.py",
            "AZML_MLFLOW_MODEL": root,
            "AZML_MLFLOW_COLLECT": " ".join(desired.collected_frames),
        }
    raise DeploymentFailure("the deployment has neither a scoring script nor an MLflow model")
