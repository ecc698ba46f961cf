"""tests/terraform/run where what it needs is missing: it fails, and says what to get. Nothing here is Terraform."""

import pytest

from tools import ROOT, run

COMMAND = ROOT / "tests/terraform/run"
# Enough to be asked for its version.
SOMETHING = "/bin/true"


def refused(*arguments, path="/usr/bin:/bin"):
    """What it says, without the variables of who runs this."""
    return run(COMMAND, *arguments, expected=1, env={"PATH": path}, timeout=60)


def test_without_terraform_it_says_how_one_is_named():
    assert "install Terraform 1.5 or newer or OpenTofu, and name it by --terraform or TF_CLI" in refused("--terraform", "/bin/false")


def test_without_providers_it_says_how_they_are_had(tmp_path):
    assert "no providers: name a filesystem mirror by --providers or TF_PROVIDERS" in refused("--terraform", SOMETHING)
    assert "is not a directory" in refused("--terraform", SOMETHING, "--providers", tmp_path / "none")


@pytest.mark.parametrize(
    ("example", "source"),
    [
        ("openstack", "terraform-provider-openstack/openstack"),
        ("huaweicloud", "huaweicloud/huaweicloud"),
        ("alicloud", "aliyun/alicloud"),
    ],
)
def test_a_mirror_without_a_provider_is_not_enough(example, source, tmp_path):
    told = refused("--terraform", SOMETHING, "--providers", tmp_path, example)
    assert f"lacks {source}: make it there with" in told
    assert f"-chdir=deploy/terraform/{example} providers mirror {tmp_path}" in told


def test_without_a_service_it_says_so(tmp_path):
    (tmp_path / "registry/aliyun/alicloud").mkdir(parents=True)
    told = refused("--terraform", SOMETHING, "--providers", tmp_path, "--keypaird", "/bin/false", "alicloud")
    assert "'/bin/false' is no keypaird: build it with cargo build" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["azure"], "there is no example 'azure'; there are: openstack huaweicloud alicloud"),
        (["--provider"], "there is no option '--provider'; tests/terraform/run --help lists them"),
        (["--providers"], "--providers wants a value"),
    ],
)
def test_what_it_does_not_know_is_refused(arguments, told):
    assert told in refused(*arguments)


def test_its_help_names_what_it_needs():
    told = run(COMMAND, "--help")
    assert all(word in told for word in ["--terraform", "--providers", "--keypaird", "providers mirror"])
