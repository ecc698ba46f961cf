"""In which form ECS and ENS hand out a private key: as the setting says, or as a request asks."""

import pytest

from alibaba import ecs, ens, fingerprint
from alibaba_rpc import ECS, ENS, REGION, call
from huawei import new_member
from service import derived_public_key, new_service, running_service, written_forms

ARMOUR = {
    "pkcs8": "-----BEGIN PRIVATE KEY-----\n",
    "pkcs1": "-----BEGIN RSA PRIVATE KEY-----\n",
    "openssh": "-----BEGIN OPENSSH PRIVATE KEY-----\n",
}


@pytest.fixture(scope="module")
def colons_and_pkcs1(tmp_path_factory):
    """A member of a service that hands out what the live one does, and fingerprints as its documentation shows them."""
    installation = new_service(tmp_path_factory.mktemp("pkcs1"))
    installation.settings |= {
        "KEYPAIRD__ALIBABA__PRIVATE_KEY_FORMAT": "pkcs1",
        "KEYPAIRD__ALIBABA__FINGERPRINT_FORMAT": "colons",
        "KEYPAIRD__ALIBABA__DEFAULT_FORMAT": "xml",
    }
    with running_service(installation) as running:
        yield new_member(running)


@pytest.fixture(scope="module")
def anyone(alibaba_service):
    return new_member(alibaba_service)


@pytest.mark.parametrize("product", [ecs, ens])
def test_a_private_key_is_pkcs8_in_pem(anyone, product, tmp_path):
    made = product(anyone).create_key_pair(key_pair_name=f"pem-{product.__name__}")
    assert_pem(made.private_key_body, "pkcs8")
    public_key = " ".join(derived_public_key(made.private_key_body, tmp_path))
    assert made.key_pair_finger_print == fingerprint(public_key)


@pytest.mark.parametrize("form", ARMOUR)
@pytest.mark.parametrize("version", [ECS, ENS])
def test_a_request_asks_for_the_form_of_its_private_key(anyone, version, form, tmp_path):
    parameters = {"RegionId": REGION, "KeyPairName": f"{form}:{version}", "private_key_format": form}
    made = call(anyone, "CreateKeyPair", parameters, Version=version).json()
    assert_pem(made["PrivateKeyBody"], form)
    public_key = " ".join(derived_public_key(made["PrivateKeyBody"], tmp_path))
    assert made["KeyPairFingerPrint"] == fingerprint(public_key)


@pytest.mark.parametrize("product", [ecs, ens])
def test_the_settings_choose_both_forms(colons_and_pkcs1, product, tmp_path):
    client = product(colons_and_pkcs1)
    name = f"set-{product.__name__}"
    made = client.create_key_pair(key_pair_name=name)
    assert_pem(made.private_key_body, "pkcs1")
    plain = fingerprint(" ".join(derived_public_key(made.private_key_body, tmp_path)))
    assert made.key_pair_finger_print == ":".join(plain[start : start + 2] for start in range(0, 32, 2))
    (row,), _ = client.describe(key_pair_name=name)
    assert row.key_pair_finger_print == made.key_pair_finger_print


def test_the_setting_chooses_what_is_answered_where_no_format_is_named(colons_and_pkcs1):
    answer = call(colons_and_pkcs1, "DescribeKeyPairs", {"RegionId": REGION}, Format=None)
    assert answer.headers["Content-Type"] == "text/xml;charset=utf-8"
    assert ecs(colons_and_pkcs1).names(key_pair_name="none") == [], "no format is named by ACS3, and it is always JSON"


@pytest.mark.parametrize("product", [ecs, ens])
def test_a_private_key_is_kept_nowhere(colons_and_pkcs1, product):
    service, name = colons_and_pkcs1.service, f"nowhere-{product.__name__}"
    private_key = product(colons_and_pkcs1).create_key_pair(key_pair_name=name).private_key_body
    stored, log = service.everything_stored(), service.log.read_bytes()
    assert name.encode() in stored and b"CreateKeyPair" in log, "the search finds what is there"
    for form in written_forms(private_key):
        assert form not in stored and form not in log


def assert_pem(text, form):
    """An armoured text with real line ends, as a client writes it to a file."""
    lines = text.splitlines()
    assert text.startswith(ARMOUR[form]) and lines[-1] == ARMOUR[form].strip().replace("BEGIN", "END")
    assert len(lines) > 20 and max(map(len, lines)) <= 76 and "\\n" not in text and "\r" not in text
