"""Who is let in by ECS and ENS, and what the gateway says before it looks at the call."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from alibabacloud_tea_openapi.exceptions import ThrottlingException

from alibaba import SIGNATURES, ecs, ens, name_list, refused
from alibaba_rpc import ENS, REGION, call, refusal, signed, timestamp
from huawei import new_member

LIST = {"RegionId": REGION}
# What a Tea client of each signature has for the time and for the nonce of a request.
TIME = {"ACS3-HMAC-SHA256": ("headers", "x-acs-date"), "HMAC-SHA1": ("queries", "Timestamp")}
NONCE = {"ACS3-HMAC-SHA256": ("headers", "x-acs-signature-nonce"), "HMAC-SHA1": ("queries", "SignatureNonce")}
MISMATCH = {
    "ACS3-HMAC-SHA256": "Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256",
    "HMAC-SHA1": "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&",
}


@pytest.fixture(params=SIGNATURES)
def signature(request):
    return request.param


@pytest.fixture(scope="module")
def anyone(alibaba_service):
    """A member for the tests that leave nothing behind."""
    return new_member(alibaba_service)


@pytest.mark.parametrize("product", [ecs, ens])
def test_a_wrong_secret_is_refused_with_what_should_have_been_signed(tenant, signature, product):
    someone = tenant()
    client = product(someone, access_key_secret="wrong", signature_algorithm=SIGNATURES[signature])
    with refused(400, "SignatureDoesNotMatch") as caught:
        client.describe_key_pairs()
    message = caught.value.data["Message"].replace("`", "")
    assert message.startswith(MISMATCH[signature]) and someone.secret not in message


@pytest.mark.parametrize("product", [ecs, ens])
def test_an_unknown_access_key_is_refused(tenant, signature, product):
    someone = tenant()
    client = product(someone, access_key_id=f"{someone.access}X", signature_algorithm=SIGNATURES[signature])
    with refused(404, "InvalidAccessKeyId.NotFound") as caught:
        client.describe_key_pairs()
    assert caught.value.data["Message"] == "Specified access key is not found."


def test_a_client_that_guesses_a_secret_is_told_to_wait(tenant, signature):
    client = ecs(tenant(), access_key_secret="wrong", signature_algorithm=SIGNATURES[signature])
    for _ in range(10):
        with refused(400, "SignatureDoesNotMatch"):
            client.describe_key_pairs()
    with pytest.raises(ThrottlingException) as caught:
        client.describe_key_pairs()
    assert (caught.value.status_code, caught.value.code) == (400, "Throttling.User")
    assert 0 < caught.value.retry_after <= 300_000, "in milliseconds"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_16_minutes_off_is_refused(anyone, signature, minutes):
    client = ecs(anyone, signature_algorithm=SIGNATURES[signature])
    replaced, name = TIME[signature]
    getattr(client, replaced)[name] = timestamp(minutes)
    with refused(400, "InvalidTimeStamp.Expired") as caught:
        client.describe_key_pairs()
    assert caught.value.data["Message"] == "Specified time stamp or date value is expired."


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_that_is_14_minutes_off_will_do(anyone, signature, minutes):
    client = ecs(anyone, signature_algorithm=SIGNATURES[signature])
    replaced, name = TIME[signature]
    getattr(client, replaced)[name] = timestamp(minutes)
    assert client.names() == []


def test_a_time_of_another_form_is_refused(anyone, signature):
    client = ecs(anyone, signature_algorithm=SIGNATURES[signature])
    replaced, name = TIME[signature]
    getattr(client, replaced)[name] = "yesterday"
    with refused(400, "InvalidTimeStamp.Format"):
        client.describe_key_pairs()


def test_a_nonce_is_taken_once(tenant, signature):
    client = ecs(tenant(), signature_algorithm=SIGNATURES[signature])
    for replaced, name, value in [(*TIME[signature], timestamp()), (*NONCE[signature], "the very same")]:
        getattr(client, replaced)[name] = value
    assert client.names() == []
    with refused(400, "SignatureNonceUsed") as caught:
        client.describe_key_pairs()
    assert caught.value.data["Message"] == "Specified signature nonce was used already."


def test_a_nonce_is_each_access_keys_own(tenant):
    first, second = tenant(), tenant()
    for someone in (first, second):
        assert call(someone, "DescribeKeyPairs", LIST, SignatureNonce="the same of both").status == 200


def test_a_wrong_signature_does_not_use_up_a_nonce(tenant):
    someone, common = tenant(), {"SignatureNonce": "spared"}
    assert refusal(call(someone, "DescribeRegions", secret="wrong", **common)) == (400, "SignatureDoesNotMatch")
    assert call(someone, "DescribeRegions", **common).status == 200


def test_of_one_request_sent_many_times_at_once_one_is_answered(tenant, rsa_public_key):
    someone = tenant()
    request = signed(someone, "ImportKeyPair", LIST | {"KeyPairName": "raced", "PublicKeyBody": rsa_public_key})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: request.send(someone.service.port), range(8)))
    refusals = [refusal(answer) for answer in answers if answer.status != 200]
    assert refusals == [(400, "SignatureNonceUsed")] * 7


def test_a_replayed_request_is_refused_also_after_a_restart(own_service):
    someone = new_member(own_service.start())
    request = signed(someone, "CreateKeyPair", LIST | {"KeyPairName": "once"})
    assert request.send(own_service.port).status == 200
    assert refusal(request.send(own_service.port)) == (400, "SignatureNonceUsed")
    own_service.stop()
    own_service.start()
    assert call(someone, "DeleteKeyPairs", LIST | {"KeyPairNames": name_list("once")}).status == 200
    assert refusal(request.send(own_service.port)) == (400, "SignatureNonceUsed")
    assert ecs(someone).names() == []


def test_a_temporary_key_needs_its_security_token(tenant, signature):
    someone = tenant()
    key = someone.new_key("--lifetime", "600")
    temporary = {"access_key_id": key["access"], "access_key_secret": key["secret"]}
    config = temporary | {"signature_algorithm": SIGNATURES[signature]}
    with refused(400, "MissingSecurityToken"):
        ecs(someone, **config).describe_key_pairs()
    with refused(400, "InvalidSecurityToken.MismatchWithAccessKey"):
        ecs(someone, security_token="wrong", **config).describe_key_pairs()
    assert ecs(someone, security_token=key["security_token"], **config).names() == []


def test_a_temporary_key_is_refused_when_it_is_over(tenant):
    someone = tenant()
    key = someone.new_key("--lifetime", "1")
    config = {"access_key_id": key["access"], "access_key_secret": key["secret"]}
    time.sleep(1.1)
    with refused(400, "InvalidSecurityToken.Expired"):
        ecs(someone, security_token=key["security_token"], **config).describe_key_pairs()


def test_a_disabled_key_is_said_to_be_disabled_and_a_deleted_one_to_be_unknown(tenant):
    someone = tenant()
    someone.service.command("access-key", "disable", someone.access)
    with refused(400, "InvalidAccessKeyId.Inactive"):
        ecs(someone).describe_key_pairs()
    other = someone.new_key()
    someone.service.command("access-key", "delete", other["access"])
    with refused(404, "InvalidAccessKeyId.NotFound"):
        ecs(someone, access_key_id=other["access"], access_key_secret=other["secret"]).describe_key_pairs()


def test_a_projects_pairs_are_its_other_users_and_no_other_projects(tenant, rsa_public_key):
    first = tenant()
    second, stranger = tenant(first.project), tenant()
    ecs(first).import_key_pair(key_pair_name="ours", public_key_body=rsa_public_key)
    assert (ecs(second).names(), ecs(stranger).names()) == (["ours"], [])
    with refused(400, "KeyPair.AlreadyExist"):
        ecs(second).create_key_pair(key_pair_name="ours")
    ecs(stranger).delete_key_pairs(key_pair_names=name_list("ours"))
    assert ecs(first).names() == ["ours"]
    ecs(second).delete_key_pairs(key_pair_names=name_list("ours"))
    assert ecs(first).names() == []


def test_a_reader_reads_and_changes_nothing(tenant, rsa_public_key):
    first = tenant()
    reader = tenant(first.project, role="reader")
    pair = {"resource_type": "keypair", "resource_id": ["ours"]}
    ecs(first).import_key_pair(key_pair_name="ours", public_key_body=rsa_public_key)
    client = ecs(reader)
    assert client.names() == ["ours"]
    for refuse in (
        lambda: client.create_key_pair(key_pair_name="mine"),
        lambda: client.import_key_pair(key_pair_name="mine", public_key_body=rsa_public_key),
        lambda: client.delete_key_pairs(key_pair_names=name_list("ours")),
        lambda: client.tag_resources(tag=client.tags("TagResources", {"stage": "test"}), **pair),
        lambda: client.untag_resources(all=True, **pair),
    ):
        with refused(403, "Forbidden.RAM"):
            refuse()
    with refused(400, "NoPermission"):
        ens(reader).delete_key_pairs(key_pair_name="ours")
    assert ecs(first).names() == ["ours"]


@pytest.mark.parametrize(
    "status, code, common",
    [
        (400, "InvalidParameter.Format", {"Format": "YAML"}),
        (400, "MissingTimestamp", {"Timestamp": None}),
        (400, "MissingAccessKeyId", {"AccessKeyId": None}),
        (400, "MissingSignatureNonce", {"SignatureNonce": None}),
        (400, "MissingSignatureMethod", {"SignatureMethod": None}),
        (400, "MissingSignatureVersion", {"SignatureVersion": None}),
        (400, "MissingAction", {"Action": None}),
        (400, "MissingVersion", {"Version": None}),
        (400, "InvalidSignatureMethod", {"SignatureMethod": "HMAC-MD5"}),
        (400, "InvalidVersion", {"Version": "2011-11-11"}),
        (404, "InvalidAction.NotFound", {"Action": "RunInstances"}),
        (404, "InvalidAction.NotFound", {"Action": "TagResources", "Version": ENS}),
        (404, "InvalidAction.NotFound", {"Action": "createkeypair"}),
    ],
)
def test_a_common_parameter_that_is_wrong_is_said_to_be(anyone, status, code, common):
    assert refusal(call(anyone, "DescribeRegions", **common)) == (status, code)


@pytest.mark.parametrize("written", ["JSON", "json", "Json", None])
def test_json_is_written_in_any_case_and_is_the_default(anyone, written):
    answer = call(anyone, "DescribeKeyPairs", LIST, Format=written)
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert answer.json()["TotalCount"] == 0


@pytest.mark.parametrize("written", ["XML", "xml"])
def test_xml_is_written_in_any_case(anyone, written):
    answer = call(anyone, "DescribeKeyPairs", LIST, Format=written)
    assert answer.headers["Content-Type"] == "text/xml;charset=utf-8"
    assert b"<DescribeKeyPairsResponse>" in answer.body
