"""Huawei's Python SDK for ECS, whose calls for key pairs are Nova's, signed."""

import pytest
from huaweicloudsdkecs import v2

from golangsdk import send
from huawei import refused
from service import derived_public_key, without_comment

TYPES, USERS, PAGES = "compute 2.2", "compute 2.10", "compute 2.35"


@pytest.fixture
def client(member):
    return member().ecs()


def create(client, name, version=None, **members):
    body = v2.NovaCreateKeypairRequestBody(keypair=v2.NovaCreateKeypairOption(name=name, **members))
    return client.nova_create_keypair(v2.NovaCreateKeypairRequest(open_stack_api_version=version, body=body)).keypair


def show(client, name, version=None):
    request = v2.NovaShowKeypairRequest(keypair_name=name, open_stack_api_version=version)
    return client.nova_show_keypair(request).keypair


def listed(client, version=None, **page):
    answer = client.nova_list_keypairs(v2.NovaListKeypairsRequest(open_stack_api_version=version, **page))
    return [each.keypair for each in answer.keypairs]


def delete(client, name):
    return client.nova_delete_keypair(v2.NovaDeleteKeypairRequest(keypair_name=name))


@pytest.mark.parametrize("version", [None, "compute 2.1", TYPES, USERS, PAGES])
def test_a_pair_is_made_shown_listed_and_deleted(member, own_public_key, version):
    someone = member()
    client, public_key = someone.ecs(), own_public_key.read_text()
    made = create(client, "ecs", version, public_key=public_key)
    assert (made.name, made.public_key, made.private_key, made.user_id) == ("ecs", public_key, None, someone.user_id)
    kind = "ssh" if version in (TYPES, USERS, PAGES) else None
    shown = show(client, "ecs", version)
    assert (shown.public_key, shown.fingerprint, shown.type) == (public_key, made.fingerprint, kind)
    assert (shown.user_id, shown.deleted, shown.deleted_at) == (someone.user_id, False, None)
    assert isinstance(shown.id, int) and shown.created_at.year >= 2026, "decoded as a time"
    assert [(pair.name, pair.type) for pair in listed(client, version)] == [("ecs", kind)]
    assert delete(client, "ecs").status_code == 202
    assert listed(client, version) == []


def test_a_generated_private_key_comes_once(client, tmp_path):
    made = create(client, "generated")
    assert made.private_key.startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert derived_public_key(made.private_key, tmp_path) == without_comment(made.public_key)
    answer = client.nova_show_keypair(v2.NovaShowKeypairRequest(keypair_name="generated"))
    assert b"PRIVATE KEY" not in answer.raw_content


def test_an_x509_pair_is_made_where_types_are_known(client):
    made = create(client, "certificate", TYPES, type="x509")
    assert made.type == "x509" and made.public_key.startswith("-----BEGIN CERTIFICATE-----\n")
    assert show(client, "certificate", TYPES).type == "x509"


def test_a_list_is_read_page_by_page(client, own_public_key):
    wanted = [f"ecs-page-{number}" for number in range(5)]
    for name in wanted:
        create(client, name, public_key=own_public_key.read_text())
    pages, marker = [], None
    while page := [pair.name for pair in listed(client, PAGES, limit=2, marker=marker)]:
        pages.append(page)
        marker = page[-1]
    assert pages == [wanted[:2], wanted[2:4], wanted[4:]]
    assert [pair.name for pair in listed(client)] == wanted
    assert [pair.name for pair in listed(client, limit=2)] == wanted, "there were no pages before 2.35"


def test_what_is_refused_is_said_in_the_words_of_kps(client, own_public_key):
    public_key = own_public_key.read_text()
    create(client, "taken", public_key=public_key)
    with refused(409, "KPS.0002") as caught:
        create(client, "taken", public_key=public_key)
    assert "already exists" in caught.value.error_msg
    for call in (show, delete):
        with refused(404, "KPS.4016"):
            call(client, "none")
    with refused(400, "KPS.0002"):
        create(client, "no key", public_key="ssh-ed25519 AAAA")


def test_another_users_pairs_are_not_copied(member):
    someone = member()
    answer = send(someone, "POST", f"/v2/{someone.project_id}/os-keypairs/copy", {"user_name": "demo"})
    assert (answer.status, answer.json()["error_code"]) == (403, "KPS.9003")


def test_a_wrong_secret_is_refused_with_the_gateways_code(member):
    client = member().ecs()
    client.sdk.get_credentials().sk = "x" * 43
    with refused(401, "APIGW.0301"):
        listed(client)
