"""The compose file, against the form of the Compose specification; what that does not see, the names within, by ourselves."""

import re

import yaml

from tools import DEPLOY, of_python, run

COMPOSE = DEPLOY / "compose.yaml"


def test_it_is_what_the_compose_specification_says():
    run(of_python("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", COMPOSE)


def test_every_name_in_it_is_of_something():
    compose = yaml.safe_load(COMPOSE.read_text())
    services = compose["services"]
    used = {"services": set(), "secrets": set(), "volumes": set()}
    for service in services.values():
        used["services"] |= set(service.get("depends_on", {}))
        used["services"] |= set(re.findall(r"^service:(.*)$", service.get("network_mode", "")))
        used["secrets"] |= set(service.get("secrets", []))
        used["secrets"] |= set(re.findall(r"/run/secrets/([\w.-]+)", str(service)))
        used["volumes"] |= {volume.split(":")[0] for volume in service.get("volumes", [])}
    assert used["services"] <= services.keys()
    assert used["secrets"] == compose["secrets"].keys()
    assert used["volumes"] == compose["volumes"].keys()


def test_who_is_waited_for_has_a_health_check():
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    for service in services.values():
        for name, wanted in service.get("depends_on", {}).items():
            assert wanted["condition"] == "service_healthy" and "healthcheck" in services[name]


def test_only_this_machine_reaches_it():
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published and all(port.startswith("127.0.0.1:") for port in published)
