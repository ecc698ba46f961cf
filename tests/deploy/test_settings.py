"""The settings that the manifests hand to the service: the program itself reads them, and the chart knows all of them."""

import json
import re
import tomllib

import pytest
import yaml

from tools import BINARY, CHART, ROOT, USES, kustomized, of_kind, rendered, run, values

# Those that follow from how the chart mounts and serves; nobody may set them.
OWN = {
    "admin.listen",
    "admin.tls.certificate_file",
    "admin.tls.client_ca_file",
    "admin.tls.client_certificates",
    "admin.tls.private_key_file",
    "data.dir",
    "database.migration_url",
    "database.migration_url_file",
    "database.url",
    "database.url_file",
    "http.allow_plain_http",
    "http.listen",
    "http.tls.certificate_file",
    "http.tls.client_ca_file",
    "http.tls.client_certificates",
    "http.tls.private_key_file",
    "identity.bootstrap_password_file",
    "identity.keystone.cafile",
    "identity.keystone.password_file",
    "traces.headers_file",
    "vault.master_key_file",
}
TYPES = {bool: "boolean", float: "number", int: "integer", str: "string", list: "array"}


def test_the_schema_knows_every_setting_by_its_type():
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["settings"]
    defaults = tomllib.loads((ROOT / "config" / "default.toml").read_text())
    wanted = {name: TYPES[type(value)] for name, value in leaves(defaults) if name not in OWN}
    assert dict(of_schema(schema)) == wanted
    assert OWN <= dict(leaves(defaults)).keys()


@pytest.mark.parametrize("use", USES)
def test_the_program_takes_the_charts_settings(use, tmp_path):
    text = rendered("--values", values(use))
    for config_map in of_kind(text, "ConfigMap"):
        shown = effective(tmp_path, [config_map["data"]["keypaird.toml"]])
        given = yaml.safe_load(values(use).read_text()).get("settings", {})
        for name, value in leaves(given):
            assert shown[name]["value"] == value, name
        assert shown["admin.listen"]["value"] == "0.0.0.0:8775"
        assert shown["vault.master_key_file"]["value"] == "/run/secrets/keypaird/master.key"


def test_only_the_password_of_the_identitys_mode_is_mounted():
    for use, password in [("minimal", "bootstrap-password"), ("keystone", "keystone-password")]:
        [deployment] = of_kind(rendered("--values", values(use)), "Deployment")
        sources = deployment["spec"]["template"]["spec"]["volumes"][1]["projected"]["sources"]
        files = {item["path"] for source in sources for item in source["secret"]["items"]}
        assert files == {"database-url", "master.key", password}


@pytest.mark.parametrize("folder", ["base", "overlays/production"])
def test_the_program_takes_kustomizes_settings(folder, tmp_path):
    [config_map] = of_kind(kustomized(folder), "ConfigMap")
    effective(tmp_path, [config_map["data"]["keypaird.toml"], config_map["data"]["site.toml"]])


@pytest.mark.parametrize("example", sorted((ROOT / "config" / "examples").glob("*.toml")), ids=lambda path: path.name)
def test_the_program_takes_the_example(example, tmp_path):
    effective(tmp_path, [example.read_text()])


def test_the_program_takes_the_compose_files_variables(tmp_path):
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    variables = compose["services"]["keypaird"]["environment"]
    shown = effective(tmp_path, [], variables)
    assert shown["vault.kms.provider"] == {"value": "aws", "origin": "KEYPAIRD__VAULT__KMS__PROVIDER"}


def test_the_program_takes_the_units_variables(tmp_path):
    folder = ROOT / "deploy" / "systemd"
    units = [folder / "keypaird.service", *sorted((folder / "keypaird.service.d").glob("*.conf"))]
    lines = "\n".join(unit.read_text() for unit in units)
    variables = dict(re.findall(r"^Environment=(\w+)=(.*)$", lines, re.MULTILINE))
    assert len(variables) == 6
    effective(tmp_path, [], variables)


def effective(folder, texts, variables=None):
    """The settings that hold, by the program: from these files."""
    arguments = []
    for number, text in enumerate(texts):
        file = folder / f"{number}.toml"
        file.write_text(text)
        arguments += ["--config", file]
    return json.loads(run(BINARY, "config", "show", "--output", "json", *arguments, env=variables or {}))


def leaves(settings, prefix=""):
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def of_schema(schema, prefix=""):
    assert schema["additionalProperties"] is False, prefix
    for name, below in schema["properties"].items():
        if below["type"] == "object":
            yield from of_schema(below, f"{prefix}{name}.")
        else:
            yield prefix + name, below["type"]
