"""The plain manifests, by kubectl itself and Kubernetes' forms."""

import pytest

from tools import kustomized, of_kind, validate


@pytest.mark.parametrize("folder", ["base", "overlays/production"])
def test_what_it_builds_is_valid(folder, tmp_path):
    assert validate(kustomized(folder), tmp_path) == set()


def test_s63_the_base_refuses_all_traffic_but_questions_to_dns():
    [policy] = of_kind(kustomized("base"), "NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy["spec"]
    assert {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]} == {53}


def test_no_secret_is_made_of_a_file_that_is_kept_here():
    assert not of_kind(kustomized("overlays/production"), "Secret")


def test_the_namespace_holds_its_pods_to_the_restricted_standard():
    [namespace] = of_kind(kustomized("overlays/production"), "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
