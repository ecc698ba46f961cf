"""A key pair's life with Huawei's own Python SDK for KPS V3, without its private key being kept."""

import base64
import time

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
from cryptography.x509 import load_pem_x509_certificate
from huaweicloudsdkkps import v3

import kps_sdk as kps
from huawei import refused
from service import derived_public_key, without_comment


@pytest.fixture
def client(member):
    return member().kps()


def test_a_generated_private_key_comes_once(member, tmp_path):
    someone = member()
    client = someone.kps()
    made = kps.create(client, "generated")
    assert (made.name, made.type, made.user_id) == ("generated", "ssh", someone.user_id)
    assert made.private_key.startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert derived_public_key(made.private_key, tmp_path) == without_comment(made.public_key)
    answer = client.list_keypair_detail(v3.ListKeypairDetailRequest(keypair_name="generated"))
    assert b"PRIVATE KEY" not in answer.raw_content
    shown = answer.keypair
    assert (shown.public_key, shown.fingerprint) == (made.public_key, made.fingerprint)
    assert shown.algorithm == "SSH_RSA_2048"


def test_an_imported_pair_is_shown_with_every_member_of_its_type(member, own_public_key):
    someone, public_key, before = member(), own_public_key.read_text(), time.time()
    client = someone.kps()
    made = kps.create(client, "imported", type="ssh", public_key=public_key, scope="user", user_id=someone.user_id)
    assert (made.public_key, made.private_key, made.user_id) == (public_key, None, someone.user_id)
    shown = kps.detail(client, "imported")
    assert (shown.name, shown.type, shown.scope, shown.user_id) == ("imported", "ssh", "user", someone.user_id)
    assert (shown.public_key, shown.fingerprint) == (public_key, made.fingerprint)
    assert (shown.is_key_protection, shown.deleted, shown.frozen_state) == (False, False, 0)
    assert (shown.update_time, shown.delete_time, shown.key_id) == (None, None, None)
    assert isinstance(shown.id, int) and shown.id > 0
    assert before - 60 < shown.create_time / 1000 < time.time() + 60, "in milliseconds"


def test_an_x509_pair_is_a_certificate_and_a_pkcs12_file_with_its_private_key(client):
    made = kps.create(client, "certificate", type="x509")
    certificate = load_pem_x509_certificate(made.public_key.encode())
    key, inside, _ = load_key_and_certificates(base64.b64decode(made.private_key), password=None)
    assert (made.type, inside, key.public_key()) == ("x509", certificate, certificate.public_key())
    shown = kps.detail(client, "certificate")
    assert (shown.type, shown.public_key, shown.fingerprint) == ("x509", made.public_key, made.fingerprint)


def test_a_description_is_changed_and_emptied(client, own_public_key):
    kps.create(client, "described", public_key=own_public_key.read_text())
    assert kps.describe(client, "described", "für die Web-Server").status_code == 200
    shown = kps.detail(client, "described")
    assert shown.description == "für die Web-Server"
    assert shown.update_time >= shown.create_time
    kps.describe(client, "described", "")
    assert not kps.detail(client, "described").description


def test_a_deleted_pair_is_gone(client, own_public_key):
    kps.create(client, "deleted", public_key=own_public_key.read_text())
    assert kps.delete(client, "deleted").status_code == 204
    for call in (kps.detail, kps.delete, lambda *pair: kps.describe(*pair, "late")):
        with refused(404, "KPS.4016"):
            call(client, "deleted")


def test_a_list_is_read_page_by_page(client, own_public_key):
    wanted = [f"page-{number:02}" for number in range(25)]
    for name in wanted:
        kps.create(client, name, public_key=own_public_key.read_text())
    pages, marker = [], None
    while True:
        names, info = kps.listed(client, limit="10", marker=marker)
        assert info.current_count == len(names)
        pages.append(names)
        marker = info.next_marker
        if not marker:
            break
    assert pages == [wanted[:10], wanted[10:20], wanted[20:]]
    names, info = kps.listed(client)
    assert (names, info.next_marker) == (wanted, None), "one page where no limit is given"
    assert kps.listed(client, limit="25")[1].next_marker is None, "a full page may be the last"
    assert kps.listed(client, marker="page-22-was-deleted")[0] == wanted[23:]


def test_a_list_says_what_each_pair_is(client, own_public_key):
    kps.create(client, "plain", public_key=own_public_key.read_text())
    kps.create(client, "shared", public_key=own_public_key.read_text(), scope="domain")
    answer = client.list_keypairs(v3.ListKeypairsRequest())
    plain, shared = [each.keypair for each in answer.keypairs]
    assert (plain.name, plain.scope, shared.name, shared.scope) == ("plain", "user", "shared", "domain")
    assert (plain.type, plain.is_key_protection, plain.frozen_state) == ("ssh", False, "0")
    assert plain.public_key == own_public_key.read_text()
    assert plain.fingerprint == kps.detail(client, "plain").fingerprint


def test_a_taken_name_is_refused_with_its_reason(client, own_public_key):
    kps.create(client, "taken", public_key=own_public_key.read_text())
    with refused(400, "KPS.0002") as caught:
        kps.create(client, "taken", public_key=own_public_key.read_text())
    assert "taken" in caught.value.error_msg and "already exists" in caught.value.error_msg


def test_calls_about_servers_are_refused_since_there_are_none(client):
    server = v3.EcsServerInfo(id="3f4ebd5b-3d2c-4a3f-a4b4-4d2b8b1a4f6e")
    bind = v3.AssociateKeypairRequestBody(keypair_name="any", server=server)
    unbind = v3.DisassociateKeypairRequestBody(server=v3.DisassociateEcsServerInfo(id=server.id))
    several = v3.BatchAssociateKeypairRequestBody(batch_keypairs=[bind])
    for call, request in [
        (client.associate_keypair, v3.AssociateKeypairRequest(body=bind)),
        (client.batch_associate_keypair, v3.BatchAssociateKeypairRequest(body=several)),
        (client.disassociate_keypair, v3.DisassociateKeypairRequest(body=unbind)),
    ]:
        with refused(400, "KPS.0002") as caught:
            call(request)
        assert "server" in caught.value.error_msg


def test_there_are_no_tasks(client):
    running = client.list_running_task(v3.ListRunningTaskRequest(limit=1000, offset=0))
    failed = client.list_failed_task(v3.ListFailedTaskRequest(limit=1000, offset=0))
    assert (running.total, running.tasks, failed.total, failed.tasks) == (0, [], 0, [])
    with refused(400, "KPS.0001"):
        client.list_keypair_task(v3.ListKeypairTaskRequest(task_id="64c7d3d5"))
    with refused(400, "KPS.0005"):
        client.delete_failed_task(v3.DeleteFailedTaskRequest(task_id="64c7d3d5"))
    assert client.delete_all_failed_task(v3.DeleteAllFailedTaskRequest()).status_code == 200


def test_an_answer_that_the_sdk_cannot_decode_would_be_noticed(client, monkeypatch):
    def undecodable(*_):
        raise TypeError

    monkeypatch.setattr(client.sdk, "deserialize", undecodable)
    with pytest.raises(AssertionError, match="list_keypairs was sent 2 times"):
        client.list_keypairs(v3.ListKeypairsRequest())
