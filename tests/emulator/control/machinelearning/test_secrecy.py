"""What a scoring script can open of the local Azure that runs it."""

import json

import pytest

from azml.emulator.supervisor.serving.confinement import means
from tests.fixtures.serving_azure import ServingAzure


@pytest.mark.skipif(means() == "nothing", reason="this machine has no means to keep scripts out")
def test_a_script_opens_none_of_the_local_azures_files_but_its_own(serving: ServingAzure) -> None:
    """Its keys, its authority, its store, its logs, the folder of its sockets: all that is there."""
    run_dir = json.loads((serving.folder / "run.json").read_bytes())["run_dir"]
    all_files = [str(path) for path in serving.folder.rglob("*")]
    for name in ("identity.json", "ca-key.pem", "server.pem", "azure.db", "metrics.db", "emulator.json"):
        assert str(serving.folder / name) in all_files
    document = json.loads(serving.score(json.dumps({"environment": True}).encode(), "steered").raw)
    own = (
        document["AML_APP_ROOT"],
        document.get("AZUREML_MODEL_DIR", "none"),
        document["SSL_CERT_FILE"],
        document["HOME"],
    )
    asked = {"opens": [*all_files, str(serving.folder), run_dir, "/etc/hosts", *own]}
    opened = json.loads(serving.score(json.dumps(asked).encode(), "steered").raw)
    assert {"/etc/hosts", document["AML_APP_ROOT"], document["SSL_CERT_FILE"], document["HOME"]} <= set(
        opened
    )
    assert [path for path in opened if path != "/etc/hosts" and not path.startswith(own)] == []
