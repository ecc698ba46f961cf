"""python-novaclient over a keystoneauth1 session, at the microversions that changed key pairs."""

import keystoneauth1.identity.v3
import keystoneauth1.session
import novaclient.client
import novaclient.exceptions
import pytest

# (microversion, what the caller sees of it): 2.2 added `type`, 2.10 `user_id`, 2.35 paging.
GENERATING = ["2.1", "2.2", "2.10", "2.35", "2.91"]


@pytest.fixture
def nova(service):
    cloud = service.cloud()
    session = keystoneauth1.session.Session(keystoneauth1.identity.v3.Password(**cloud["auth"]))

    def nova(microversion):
        return novaclient.client.Client(microversion, session=session, region_name=cloud["region_name"])

    return nova


@pytest.mark.parametrize("microversion", GENERATING)
def test_a_pair_is_made_shown_listed_and_deleted(nova, microversion):
    keypairs, name = nova(microversion).keypairs, f"nova-{microversion.replace('.', '-')}"
    made = keypairs.create(name)
    assert made.private_key.startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert keypairs.get(name).fingerprint == made.fingerprint
    assert name in [pair.name for pair in keypairs.list()]
    keypairs.delete(name)
    with pytest.raises(novaclient.exceptions.NotFound):
        keypairs.get(name)


def test_a_pair_has_a_type_from_2_2_on(nova):
    assert not hasattr(nova("2.1").keypairs.create("nova-untyped"), "type")
    assert nova("2.2").keypairs.create("nova-typed", key_type="ssh").type == "ssh"


def test_a_generated_certificate_is_x509(nova):
    made = nova("2.2").keypairs.create("nova-x509", key_type="x509")
    assert (made.type, made.public_key.splitlines()[0]) == ("x509", "-----BEGIN CERTIFICATE-----")


def test_only_public_keys_are_taken_from_2_92_on(nova, own_public_key):
    keypairs = nova("2.92").keypairs
    made = keypairs.create("nova@2.92", public_key=own_public_key.read_text())
    assert not hasattr(made, "private_key")
    with pytest.raises(novaclient.exceptions.BadRequest):
        keypairs.create("nova-without-key", public_key=None)


def test_a_page_starts_after_its_marker(nova, own_public_key):
    keypairs = nova("2.35").keypairs
    for letter in "abc":
        keypairs.create(f"nova-page-{letter}", public_key=own_public_key.read_text())
    page = keypairs.list(marker="nova-page-a", limit=2)
    assert [pair.name for pair in page] == ["nova-page-b", "nova-page-c"]
