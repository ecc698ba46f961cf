"""The Helm chart, by helm itself, Kubernetes' forms, and the forms of the operators that it writes resources for."""

import json
import tomllib

import pytest
import yaml

import custom_resources
from tools import CHART, KUSTOMIZE, ROOT, USES, documents, helm, of_kind, rendered, validate, values

# What the operators' own models check, because Kubernetes has no form of it.
CUSTOM = {"Certificate", "ExternalSecret", "PrometheusRule", "ServiceMonitor"}


@pytest.mark.parametrize("use", USES)
def test_helm_finds_nothing_to_complain_of(use):
    helm("lint", "--strict", CHART, "--values", values(use))


@pytest.mark.parametrize("use", USES)
def test_what_it_renders_is_valid(use, tmp_path):
    text = rendered("--values", values(use))
    unknown = validate(text, tmp_path)
    assert unknown == (CUSTOM if use == "full" else set())
    custom_resources.check([document for document in documents(text) if document["kind"] in unknown], tmp_path)


@pytest.mark.parametrize(
    "refused",
    ["replica=3", "settings.http.listne=x", "settings.vault.master_key_file=/x", "networkPolicy.apiPeers[0]=everybody"],
)
def test_values_that_are_not_known_are_refused(refused):
    told = helm("lint", CHART, "--values", values("minimal"), "--set", refused, expected=1)
    assert "values don't meet the specifications of the schema" in told


def test_a_setting_of_another_type_is_refused():
    told = helm("lint", CHART, "--values", values("minimal"), "--set-string", "settings.keypair.limit=100", expected=1)
    assert "got string, want integer" in told


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        ("image.repository=", "image.repository must name"),
        ("networkPolicy.databasePeers=null", "networkPolicy.databasePeers must say"),
    ],
)
def test_what_is_required_is_asked_for_by_name(left_out, told):
    arguments = ["template", CHART, "--values", values("minimal"), "--set", left_out]
    assert told in helm(*arguments, expected=1)


def test_keystone_mode_asks_for_the_password_of_the_services_user():
    arguments = ["--values", values("keystone"), "--set", "secrets.keystonePassword.secretName="]
    assert "secrets.keystonePassword.secretName must name" in helm("template", CHART, *arguments, expected=1)


def test_the_chart_and_the_overlay_are_of_this_version():
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == version
    overlay = yaml.safe_load((KUSTOMIZE / "overlays" / "production" / "kustomization.yaml").read_text())
    assert overlay["images"][0]["newTag"] == version


def test_the_default_values_are_all_in_the_schema():
    """A value that the schema forgets would be refused; one that it has and the file lacks would be told to nobody."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    written = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(schema["properties"]) - {"global"} == set(written)


def test_s63_without_peers_nobody_gets_in():
    [policy] = of_kind(rendered("--values", values("minimal")), "NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy["spec"], "a rule without peers would let everybody in"


@pytest.mark.parametrize("use", USES)
def test_s63_every_rule_of_the_network_policy_names_its_peers_and_ports(use):
    [policy] = of_kind(rendered("--values", values(use)), "NetworkPolicy")
    for rule in policy["spec"].get("ingress", []):
        assert rule["from"] and rule["ports"]
    for rule in policy["spec"]["egress"]:
        assert rule["to"] and rule["ports"]


def test_the_migration_runs_before_an_upgrade_on_the_settings_to_come():
    text = rendered("--values", values("full"))
    [job] = of_kind(text, "Job")
    hooks = [job] + [it for it in of_kind(text, "ConfigMap") if it["metadata"]["name"] == "keys-migration"]
    assert [it["metadata"]["annotations"]["helm.sh/hook"] for it in hooks] == ["pre-upgrade"] * 2
    settings = job["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"]
    assert settings == [{"configMap": {"name": "keys-migration"}}]


def test_s66_the_url_of_a_role_that_migrates_goes_to_the_job_alone():
    text = rendered("--values", values("minimal"), "--set", "secrets.migrationDatabase.secretName=owner")
    [job], [deployment] = of_kind(text, "Job"), of_kind(text, "Deployment")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert files(job) == {"migration-database-url"}
    assert files(deployment) == {"database-url", "master.key", "bootstrap-password"}
    settings = {it["metadata"]["name"]: tomllib.loads(it["data"]["keypaird.toml"]) for it in of_kind(text, "ConfigMap")}
    names = {name: "migration_url_file" in of["database"] for name, of in settings.items()}
    assert sorted(names.values()) == [False, True] and names[job["metadata"]["name"]]
    off = ["secrets.migrationDatabase.secretName=owner", "migrationJob.enabled=false"]
    arguments = ["template", CHART, "--values", values("minimal"), "--set", ",".join(off)]
    assert "set migrationJob.enabled to true" in helm(*arguments, expected=1)


def files(workload):
    """The secrets that it mounts, by the names of their files."""
    sources = workload["spec"]["template"]["spec"]["volumes"][1]["projected"]["sources"]
    return {item["path"] for source in sources for item in source["secret"]["items"]}


def test_the_database_is_never_a_value():
    """No secret can be given as a value, so that none stands in a release's history."""
    assert not of_kind(rendered("--values", values("full")), "Secret")
