"""OpenStack's own acceptance tests, Tempest, of what this service has of a Nova, with users that Tempest makes itself.

It runs against an installation of its own: some of its tests change what holds for everybody.
"""

import io
import re
import subprocess
from dataclasses import dataclass

import pytest
import subunit
import testtools

from conftest import running_service
from keystone import DOMAIN, REGION, keystone_mode, tool
from service import bare_environment, new_service

# The catalog can have one compute service in a region, and another one is that of the other tests.
COMPUTE_REGION = "Tempest"
# How long Tempest may take, in seconds.
PATIENCE = 300

KEYPAIRS = {
    "admin.test_keypairs_v210.KeyPairsV210TestJSON": {"test_admin_manage_keypairs_for_other_users"},
    "keypairs.test_keypairs.KeyPairsV2TestJSON": {
        "test_get_keypair_detail",
        "test_keypair_create_delete",
        "test_keypair_create_with_pub_key",
        "test_keypairs_create_list_delete",
    },
    "keypairs.test_keypairs_negative.KeyPairsNegativeTestJSON": {
        "test_create_keypair_invalid_name",
        "test_create_keypair_when_public_key_bits_exceeds_maximum",
        "test_create_keypair_with_duplicate_name",
        "test_create_keypair_with_empty_name_string",
        "test_create_keypair_with_empty_public_key",
        "test_create_keypair_with_long_keynames",
        "test_keypair_create_with_invalid_pub_key",
        "test_keypair_delete_nonexistent_key",
    },
    "keypairs.test_keypairs_v22.KeyPairsV22TestJSON": {
        "test_get_keypair_detail",
        "test_keypair_create_delete",
        "test_keypair_create_with_pub_key",
        "test_keypairs_create_list_delete",
        "test_keypairsv22_create_list_show",
        "test_keypairsv22_create_list_show_with_type",
    },
}
AROUND_THEM = {
    "admin.test_quotas.QuotaClassesAdmin257Test": {"test_update_default_quotas"},
    "admin.test_quotas.QuotaClassesAdminTestJSON": {"test_update_default_quotas"},
    "admin.test_quotas.QuotasAdminTestJSON": {
        "test_delete_quota",
        "test_get_default_quotas",
        "test_get_updated_quotas",
        "test_update_all_quota_resources_for_tenant",
    },
    "admin.test_quotas.QuotasAdminTestV236": {"test_get_updated_quotas"},
    "admin.test_quotas.QuotasAdminTestV257": {"test_get_updated_quotas"},
    "admin.test_quotas_negative.QuotasAdminNegativeTest": {"test_update_quota_normal_user"},
    "limits.test_absolute_limits.AbsoluteLimitsTestJSON": {"test_absLimits_get"},
    "test_extensions.ExtensionsTest": {"test_get_extension", "test_list_extensions"},
    "test_quotas.QuotasTestJSON": {
        "test_compare_tenant_quotas_with_default_quotas",
        "test_get_default_quotas",
        "test_get_quotas",
    },
    "test_versions.TestVersions": {"test_get_version_details", "test_list_api_versions"},
}
# What else the modules of these classes have, and why it is not run.
LEFT_OUT = {
    "test_create_server_when_cpu_quota_is_full": "creates a server",
    "test_create_server_when_instances_quota_is_full": "creates a server",
    "test_create_server_when_memory_quota_is_full": "creates a server",
    "test_max_metadata_exceed_limit": "creates a server",
    "test_security_groups_exceed_limit": "creates security groups",
    "test_security_groups_rules_exceed_limit": "creates security groups and rules in them",
}

# Tempest makes a client of an image service for every administrator, which these tests never call: without the setting
# it fails.
CONFIGURATION = """\
[DEFAULT]
log_file = {folder}/tempest.log
[oslo_concurrency]
lock_path = {folder}
[auth]
admin_username = admin
admin_password = {keystone.admin_password}
admin_project_name = admin
admin_domain_name = {domain}
create_isolated_networks = false
[identity]
uri_v3 = {keystone.url}
region = {region}
[compute]
region = {compute_region}
min_microversion = 2.1
max_microversion = 2.104
[enforce_scope]
nova = true
[service_available]
nova = true
cinder = false
glance = true
neutron = false
swift = false
"""


@dataclass
class Run:
    # What Tempest says of it, for people.
    report: str
    # The status of each test by its name below tempest.api.compute, without its tags.
    outcomes: dict[str, str]


@pytest.fixture(scope="module")
def run(keystone, tmp_path_factory):
    """One run of all tests of the modules above that are not left out."""
    folder = tmp_path_factory.mktemp("tempest")
    with running_service(keystone_mode(new_service(folder / "service"), keystone)) as service:
        keystone.register(service.port, COMPUTE_REGION)
        return run_tempest(folder, keystone)


def run_tempest(folder, keystone):
    configuration = folder / "tempest.conf"
    names = {"domain": DOMAIN, "region": REGION, "compute_region": COMPUTE_REGION}
    configuration.write_text(CONFIGURATION.format(folder=folder, keystone=keystone, **names))
    modules = "|".join(sorted({re.escape(each.rpartition(".")[0]) for each in KEYPAIRS | AROUND_THEM}))
    selection = ["--regex", rf"^tempest\.api\.compute\.({modules})\.", "--exclude-regex", "|".join(LEFT_OUT)]
    command_in(folder, "stestr", "init")
    done = command_in(folder, "tempest", "run", "--config-file", configuration, "--concurrency", "2", *selection)
    report = (done.stdout + done.stderr).decode()
    return Run(report, outcomes(command_in(folder, "stestr", "last", "--subunit").stdout))


def command_in(folder, program, *arguments):
    """Whether it succeeded is not looked at: the outcomes say more."""
    environment = bare_environment({"HOME": str(folder)})
    # `timeout` ends the program's own workers, too.
    command = ["timeout", str(PATIENCE), tool(program), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True)


def outcomes(stream):
    found = {}

    def note(test):
        name = re.sub(r"tempest\.api\.compute\.|\[.*", "", test["id"])
        found[name] = test["status"]

    result = testtools.StreamToDict(note)
    result.startTestRun()
    subunit.ByteStreamToStreamResult(io.BytesIO(stream)).run(result)
    result.stopTestRun()
    return found


def passed(wanted):
    return {f"{group}.{test}": "success" for group, tests in wanted.items() for test in tests}


def test_tempests_19_tests_of_key_pairs_pass(run):
    wanted = passed(KEYPAIRS)
    assert len(wanted) == 19
    assert {name: run.outcomes.get(name) for name in wanted} == wanted, run.report


def test_tempests_tests_of_what_is_around_key_pairs_pass(run):
    """Versions, quotas, limits and extensions; and nothing ran, or was skipped, that is not named above."""
    others = {name: status for name, status in run.outcomes.items() if name not in passed(KEYPAIRS)}
    assert others == passed(AROUND_THEM), run.report
