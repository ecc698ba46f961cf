"""Who is let in by KPS V3, and where: access keys, clocks, regions, projects and scopes, with Huawei's Python SDK."""

from datetime import UTC, datetime, timedelta

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.client import ClientBuilder
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkkps.v3 import KpsClient
from huaweicloudsdkkps.v3.region.kps_region import KpsRegion

import kps_sdk as kps
from huawei import Once, refused


@pytest.mark.parametrize("wrong", [{"sk": "x" * 43}, {"ak": "KPDNOSUCHKEY"}])
def test_a_wrong_key_is_refused_with_the_gateways_code(member, wrong):
    with refused(401, "APIGW.0301") as caught:
        kps.listed(member().kps(**wrong))
    assert caught.value.error_msg.startswith("Incorrect IAM authentication information: ")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_16_minutes_off_is_refused_and_told_so(member, minutes):
    client = member().kps()
    client.sdk.preset_headers["X-Sdk-Date"] = sdk_date(minutes)
    with refused(401, "APIGW.0301") as caught:
        kps.listed(client)
    assert "signature expired" in caught.value.error_msg and "server time" in caught.value.error_msg


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_that_is_14_minutes_off_will_do(member, minutes):
    client = member().kps()
    client.sdk.preset_headers["X-Sdk-Date"] = sdk_date(minutes)
    assert kps.listed(client)[0] == []


def sdk_date(minutes):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")


def test_a_foreign_project_is_refused(member):
    with refused(403, "KPS.9003"):
        kps.listed(member().kps(project_id="0123456789abcdef0123456789abcdef"))


def test_a_client_that_was_told_no_project_is_told_what_is_missing(member):
    with refused(400, "KPS.0002") as caught:
        kps.listed(member().kps(project_id=None))
    assert "project_id" in caught.value.error_msg


@pytest.mark.parametrize("region", ["RegionOne", "cn-north-4"])
def test_a_client_that_was_told_a_region_finds_the_project_by_itself(member, region, own_public_key):
    someone = member()
    credentials = BasicCredentials(someone.access, someone.secret).with_iam_endpoint(someone.endpoint)
    builder = ClientBuilder(KpsClient).with_credentials(credentials).with_region(Region(region, someone.endpoint))
    client = Once(builder)
    assert [request.uri for request in client.sent] == [f"/v3/projects?name={region}"]
    assert credentials.project_id == someone.project_id
    kps.create(client, "found", public_key=own_public_key.read_text())
    assert kps.listed(someone.kps())[0] == ["found"]


def test_a_region_that_is_another_of_the_users_projects_finds_none(member, service):
    someone, other = member(), member()
    service.command("role", "add", "--user", someone.user, "--project", other.project, "member")
    credentials = BasicCredentials(someone.access, someone.secret).with_iam_endpoint(someone.endpoint)
    region = Region(other.project, someone.endpoint)
    with pytest.raises(SdkException, match="Failed to get project id of region"):
        ClientBuilder(KpsClient).with_credentials(credentials).with_region(region).build()


def test_a_client_is_set_up_by_its_environment_alone(member, monkeypatch):
    someone = member()
    for name, value in {
        "AK": someone.access,
        "SK": someone.secret,
        "IAM_ENDPOINT": someone.endpoint,
        "REGION_KPS_CN_NORTH_4": someone.endpoint,
    }.items():
        monkeypatch.setenv(f"HUAWEICLOUD_SDK_{name}", value)
    client = Once(ClientBuilder(KpsClient).with_region(KpsRegion.value_of("cn-north-4")))
    assert kps.listed(client)[0] == []


def test_a_temporary_key_needs_its_security_token(member):
    someone = member()
    key = someone.new_key("--lifetime", "600")
    client = someone.kps(ak=key["access"], sk=key["secret"])
    with refused(401, "APIGW.0301"):
        kps.listed(client)
    client.sdk.get_credentials().security_token = key["security_token"]
    assert kps.listed(client)[0] == []


def test_a_client_of_global_services_finds_its_domain_by_itself(member):
    someone = member()
    credentials = GlobalCredentials(someone.access, someone.secret).with_iam_endpoint(someone.endpoint)
    region = Region("RegionOne", someone.endpoint)
    client = Once(ClientBuilder(KpsClient, "GlobalCredentials").with_credentials(credentials).with_region(region))
    assert [request.uri for request in client.sent] == ["/v3/auth/domains"]
    assert credentials.domain_id == "default"


def test_a_users_pair_is_no_other_users(member, own_public_key):
    first = member()
    second = member(first.project)
    kps.create(first.kps(), "mine", public_key=own_public_key.read_text())
    assert kps.listed(second.kps())[0] == []
    with refused(404, "KPS.4016"):
        kps.detail(second.kps(), "mine")
    kps.create(second.kps(), "mine", public_key=own_public_key.read_text())


def test_a_projects_pair_is_seen_and_deleted_by_its_other_users_and_by_no_other_project(member, own_public_key):
    first = member()
    second, stranger = member(first.project), member()
    made = kps.create(first.kps(), "ours", public_key=own_public_key.read_text(), scope="domain")
    shown = kps.detail(second.kps(), "ours")
    assert (shown.scope, shown.fingerprint) == ("domain", made.fingerprint)
    assert kps.listed(second.kps())[0] == ["ours"]
    assert kps.listed(stranger.kps())[0] == []
    for call in (kps.detail, kps.delete):
        with refused(404, "KPS.4016"):
            call(stranger.kps(), "ours")
    with refused(400, "KPS.0002"):
        kps.create(second.kps(), "ours", public_key=own_public_key.read_text())
    kps.delete(second.kps(), "ours")
    assert kps.listed(first.kps())[0] == []


def test_deleting_ones_own_pair_again_leaves_the_projects_of_that_name_alone(member, own_public_key):
    first = member()
    second = member(first.project)
    kps.create(first.kps(), "twin", public_key=own_public_key.read_text())
    kps.create(second.kps(), "twin", public_key=own_public_key.read_text(), scope="domain")
    assert kps.detail(first.kps(), "twin").scope == "user"
    kps.delete(first.kps(), "twin")
    with refused(404, "KPS.4016"):
        kps.delete(first.kps(), "twin")
    assert kps.detail(first.kps(), "twin").scope == "domain"


def test_a_projects_kept_private_key_is_exported_by_its_members_and_not_by_its_readers(
    member, own_public_key, own_private_key
):
    first = member()
    second, reader = member(first.project), member(first.project, role="reader")
    pair = {"public_key": own_public_key.read_text(), "private_key": own_private_key, "scope": "domain"}
    kps.create_kept(first.kps(), "ours", **pair)
    assert kps.export(second.kps(), "ours").private_key
    assert kps.detail(reader.kps(), "ours").is_key_protection is True
    for call in (kps.export, kps.clear, kps.delete):
        with refused(403, "KPS.9003"):
            call(reader.kps(), "ours")


def test_another_users_id_is_refused(member, own_public_key):
    first = member()
    second = member(first.project)
    with refused(403, "KPS.9003"):
        kps.create(first.kps(), "theirs", public_key=own_public_key.read_text(), user_id=second.user_id)
