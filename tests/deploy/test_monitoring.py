"""The metrics, the alert rules and the dashboard: that Prometheus reads them, that each rule fires, and that what they ask for is
counted and told."""

import json
import re

import pytest
import yaml

from running import answer, free_ports, post, started
from tools import ALERTS, BINARY, DASHBOARD, HERE, ROOT, run

# Prometheus' own: whether it could read the metrics, and which alerts there are.
OF_PROMETHEUS = {"up"}
# Those of the process, which a library names.
OF_PROCESS = {
    f"process_{name}"
    for name in [
        "cpu_seconds_total", "max_fds", "open_fds", "resident_memory_bytes", "start_time_seconds", "threads", "virtual_memory_bytes",
    ]
}  # fmt: skip
# What a histogram is asked by.
PARTS = ["_bucket", "_sum", "_count"]
# The places of a query that hold labels, durations and texts, not names of metrics.
NO_NAMES = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b(?:by|on|without|ignoring)\s*\([^)]*\)')
WORDS = {"and", "or", "unless", "offset", "h"}
# A KMS that nobody answers for, so that its metrics are shown too; and no keys that nobody asks for.
SETTINGS = [
    "--set", "vault.kms.provider=aws", "--set", "vault.kms.region=eu-central-1",
    "--set", "vault.kms.endpoint_url=http://127.0.0.1:9", "--set", "log.level=error", "--set", "keypair.pool.size=0",
]  # fmt: skip
THROW_AWAY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


def test_promtool_reads_the_rules():
    told = run("promtool", "check", "rules", ALERTS)
    assert f"SUCCESS: {len(rules())} rules found" in told


@pytest.mark.parametrize("cases", ["alerts.test.yaml", "alerts-week.test.yaml"])
def test_the_rules_fire_when_they_should(cases):
    run("promtool", "test", "rules", HERE / cases)


def test_every_rule_is_seen_to_fire():
    cases = "".join((HERE / name).read_text() for name in ["alerts.test.yaml", "alerts-week.test.yaml"])
    cases = re.sub(r"Kms\(Failing\|Throttled\)", "KmsFailing KeypairdKmsThrottled", cases)
    assert [rule["alert"] for rule in rules() if not re.search(rf"\b{rule['alert']}\b", cases)] == []


def test_promtool_reads_the_dashboards_queries(tmp_path):
    """As recording rules, with durations in the place of Grafana's variables."""
    queries = [query.replace("$__rate_interval", "5m").replace("$instance", ".*") for query in dashboard_queries()]
    written = [{"record": f"query{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": written}]}))
    assert f"SUCCESS: {len(written)} rules found" in run("promtool", "check", "rules", file)


def test_only_what_the_service_counts_is_asked_for():
    asked = set().union(*map(names, [rule["expr"] for rule in rules()] + dashboard_queries()))
    assert asked - counted() - OF_PROMETHEUS == set()


def test_the_dashboard_shows_all_that_the_service_counts():
    shown = set().union(*map(names, dashboard_queries()))
    assert counted() - shown == set(), "give these a panel in deploy/monitoring/dashboard.json"


def test_the_sources_name_what_a_running_service_shows(exposition):
    shown = set(re.findall(r"^# TYPE (\w+) ", exposition, re.MULTILINE))
    assert shown - counted() == set(), "counted() does not find where these are registered"
    assert OF_PROCESS | {"keypair_pool_draws_total", "rows_by_kek", "audit_records_total", "keypaird_kms_up"} <= shown
    assert {"http_server_request_duration_seconds", "keypair_operations_total", "auth_requests_total"} <= shown


def test_promtool_reads_the_metrics_and_finds_their_names_good(exposition):
    run("promtool", "check", "metrics", input=exposition)


def test_the_docs_tell_of_every_metric():
    told = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "observability.md").read_text(), re.MULTILINE))
    assert counted() - told == set(), "give these a line in docs/observability.md"


@pytest.fixture(scope="module")
def exposition(tmp_path_factory):
    """What a service shows that has made a key pair, and keeps the private key of another."""
    folder = tmp_path_factory.mktemp("service")
    [port, admin] = free_ports(2)
    listen = ["--listen", f"127.0.0.1:{port}", "--set", f"admin.listen=127.0.0.1:{admin}"]
    with started([BINARY, "serve", *listen, *SETTINGS], cwd=folder, env=THROW_AWAY) as process:
        assert answer(f"http://127.0.0.1:{admin}/health/ready", process)[0] == 200
        cloud = yaml.safe_load((folder / "data" / "clouds.yaml").read_text())["clouds"]["keypaird"]
        url = f"http://127.0.0.1:{port}"
        headers, token = post(f"{url}/identity/v3/auth/tokens", login(cloud["auth"]))
        token_header = {"X-Auth-Token": headers["X-Subject-Token"]}
        project = token["token"]["project"]["id"]
        post(f"{url}/v2.1/os-keypairs", {"keypair": {"name": "made"}}, token_header)
        kept = {"name": "kept", "key_protection": {"encryption": {"type": "default"}}}
        post(f"{url}/v2.1/{project}/keypairs", {"keypair": kept}, token_header)
        return answer(f"http://127.0.0.1:{admin}/metrics", process)[1]


def login(auth):
    user = {"name": auth["username"], "password": auth["password"], "domain": {"id": "default"}}
    scope = {"project": {"name": auth["project_name"], "domain": {"id": "default"}}}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}


def rules():
    [group] = yaml.safe_load(ALERTS.read_text())["groups"]
    return group["rules"]


def dashboard_queries():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def names(query):
    """The metrics that a query asks for, a histogram by its own name."""
    rest = NO_NAMES.sub(" ", query)
    found = set(re.findall(r"\b[a-z][a-z_]*\b(?!\s*\()", rest)) - WORDS
    return {re.sub(rf"({'|'.join(PARTS)})$", "", name) for name in found}


def counted():
    """The names that the sources register: the first text that a metric is made with."""
    named = re.compile(r'(?:Opts::new|Gauge::new|Counter::new|counter|seconds)\(\s*"([a-z_]+)"')
    return OF_PROCESS | {name for file in (ROOT / "src").rglob("*.rs") for name in named.findall(file.read_text())}
