"""The chart's commands, run in the image as its user, on a PostgreSQL and with files as Kubernetes mounts them."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
import yaml

from image import USER
from running import PATIENCE, answer, free_ports, started
from tools import BINARY, DEPLOY, of_kind, rendered, run, values


@pytest.fixture
def manifests():
    return rendered("--values", values("minimal"))


@pytest.fixture
def volumes(manifests, tmp_path):
    """Settings, secrets and a folder to write to. The secrets are root's and readable by the pod's group."""
    settings, secrets, data = (tmp_path / name for name in ["settings", "secrets", "data"])
    for folder in [settings, secrets, data]:
        folder.mkdir()
    data.chmod(0o777)
    (settings / "keypaird.toml").write_text(of_kind(manifests, "ConfigMap")[0]["data"]["keypaird.toml"])
    (secrets / "database-url").write_text(os.environ["TEST_DATABASE_URL"] + "\n")
    (secrets / "bootstrap-password").write_text("a throw-away password")
    run(BINARY, "master-key", "create", secrets / "master.key")
    for secret in secrets.iterdir():
        os.chown(secret, 0, USER)
        secret.chmod(0o440)
    return [f"{settings}:/etc/keypaird:ro", f"{secrets}:/run/secrets/keypaird:ro", f"{data}:/var/lib/keypaird"]


def test_the_migration_ends_and_the_service_answers_its_probes(manifests, volumes, image, container):
    [job], [deployment] = of_kind(manifests, "Job"), of_kind(manifests, "Deployment")
    told = run(*image.inside(container, *the_container(job)["args"], volumes=volumes))
    assert re.search(r"^schema now: \d+$", told, re.MULTILINE), told

    [port, admin] = free_ports(2)
    listen = ["--set", f"http.listen=127.0.0.1:{port}", "--set", f"admin.listen=127.0.0.1:{admin}"]
    command = image.inside(container, *the_container(deployment)["args"], *listen, volumes=volumes)
    with started(command) as process:
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"]:
            path = the_container(deployment)[probe]["httpGet"]["path"]
            assert answer(f"http://127.0.0.1:{admin}{path}", process)[0] == 200, probe
        health = run(*image.inside(container, *compose_health_check(), "--set", f"admin.listen=127.0.0.1:{admin}"))
        assert json.loads(health)["status"] == "ready"
        [service] = processes(f"admin.listen=127.0.0.1:{admin}")
        assert os.stat(f"/proc/{service}").st_uid == USER
        os.kill(service, signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def compose_health_check():
    """The arguments that the compose file's health check gives the program."""
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["keypaird"]
    kind, program, *arguments = service["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "/usr/bin/keypaird")
    return arguments


def the_container(workload):
    [container] = workload["spec"]["template"]["spec"]["containers"]
    return container


def processes(argument):
    """Those of the image's program that were given this argument."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            program, *arguments = line.read_text().split("\0")
        except OSError:
            continue
        if program == "/usr/bin/keypaird" and argument in arguments:
            found.append(int(line.parent.name))
    return found
