"""The pods of the chart and of Kustomize: what the restricted pod security standard wants of them, and what else they promise."""

import tomllib

import pytest

from image import USER
from tools import ROOT, USES, kustomized, of_kind, rendered, values

SOURCES = {use: lambda use=use: rendered("--values", values(use)) for use in USES}
SOURCES |= {folder: lambda folder=folder: kustomized(folder) for folder in ["base", "overlays/production"]}
# What the restricted standard lets be mounted, of what is used here.
VOLUMES = {"configMap", "emptyDir", "projected", "secret"}


@pytest.mark.parametrize("source", SOURCES)
def test_s63_they_are_what_the_restricted_standard_asks_for(source):
    for pod in pods(SOURCES[source]()):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == USER
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert all(volume.keys() - {"name"} <= VOLUMES for volume in pod["volumes"])
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True
            assert not [port for port in container.get("ports", []) if "hostPort" in port]


@pytest.mark.parametrize("source", SOURCES)
def test_s63_they_have_no_token_of_kubernetes_and_memory_that_is_theirs(source):
    for pod in pods(SOURCES[source]()):
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        for container in pod["containers"]:
            resources = container["resources"]
            assert resources["requests"]["memory"] == resources["limits"]["memory"]


@pytest.mark.parametrize("source", SOURCES)
def test_secrets_are_files_that_the_service_alone_can_read(source):
    for pod in pods(SOURCES[source]()):
        assert pod["securityContext"]["fsGroup"] == USER
        [secrets] = [volume for volume in pod["volumes"] if volume["name"] == "secrets"]
        assert (secrets.get("projected") or secrets["secret"])["defaultMode"] == 0o400
        assert all("env" not in container and "envFrom" not in container for container in pod["containers"])


@pytest.mark.parametrize("source", SOURCES)
def test_a_pod_that_ends_has_time_to_answer(source):
    """The service answers on for a while, and then gives requests under way 30 s."""
    defaults = tomllib.loads((ROOT / "config" / "default.toml").read_text())
    pod = pods(SOURCES[source]())[0]
    assert pod["terminationGracePeriodSeconds"] > defaults["http"]["drain_seconds"] + 30


def test_a_longer_drain_gives_a_pod_more_time():
    text = rendered("--values", values("minimal"), "--set", "settings.http.drain_seconds=40")
    assert pods(text)[0]["terminationGracePeriodSeconds"] > 40 + 30


@pytest.mark.parametrize("source", SOURCES)
def test_what_selects_pods_selects_the_right_ones(source):
    text = SOURCES[source]()
    made = of_kind(text, "Deployment") + of_kind(text, "Job")
    labels = {it["kind"]: it["spec"]["template"]["metadata"]["labels"] for it in made}
    selectors = {
        (kind, it["metadata"]["name"]): selector(it)
        for kind in ["Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"]
        for it in of_kind(text, kind)
    }
    for (kind, name), wanted in selectors.items():
        selected = {of for of, carried in labels.items() if wanted.items() <= carried.items()}
        # Requests and disruptions are the servers' alone; the network is closed for the migration too.
        assert selected == (set(labels) if kind == "NetworkPolicy" else {"Deployment"}), (kind, name)


def selector(resource):
    spec = resource["spec"]
    found = spec.get("selector") or spec.get("podSelector")
    return found.get("matchLabels", found)


def pods(text):
    """The specifications of the pods, the Deployment's first."""
    made = sorted(of_kind(text, "Deployment") + of_kind(text, "Job"), key=lambda it: it["kind"])
    return [it["spec"]["template"]["spec"] for it in made]
