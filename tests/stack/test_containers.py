"""A file with a container of one's own, through the real engine; `docker` is the tests' stand-in."""

from tests.fixtures.docker_host import DockerHost
from tests.fixtures.waiting import eventually
from tests.stack.conftest import Stack

IMAGE = "team/server:1"
DEPLOYMENT = """\
name: blue
endpoint_name: any
model: {path: models/blue.txt, name: half, version: "2"}
model_mount_path: /var/mounted
environment:
  image: team/server:1
  inference_config:
    liveness_route: {port: 8081, path: /live}
    readiness_route: {port: 8081, path: /ready}
    scoring_route: {port: 8080, path: /v1/predict}
environment_variables: {FLAVOUR: own}
instance_type: Standard_D2as_v4
instance_count: 1
"""


def test_a_container_is_served_as_its_file_says_and_guarded_while_it_is(
    stack: Stack, docker: DockerHost
) -> None:
    docker.offer(IMAGE, "registry")
    file = stack.scoring / "blue.yml"
    file.write_text(DEPLOYMENT)
    stack.serve({"blue": {}}, {"blue": 100})
    stack.up()
    given = stack.predict()
    assert (given["path"], given["port"], given["variables"]["FLAVOUR"]) == ("/v1/predict", 8080, "own")
    assert given["variables"]["AZUREML_MODEL_DIR"] == "/var/mounted/half/2"
    file.write_text(DEPLOYMENT.replace("/v1/predict", "/v2/predict"))
    preview = stack.run("preview")
    assert preview.code != 0
    assert "inference_config changed" in preview.text
    found = stack.azure.arm("GET", stack.endpoint)
    found["properties"]["traffic"] = {}
    stack.azure.arm("PUT", stack.endpoint, found)
    stack.settled()
    stack.azure.arm("DELETE", f"{stack.endpoint}/deployments/blue")
    eventually(lambda: docker.containers == [], 60)
