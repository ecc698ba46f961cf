"""Kept private keys with Huawei's own Python SDK for KPS V3."""

import io
import zipfile

import pytest

import kps_sdk as kps
from huawei import refused
from service import derived_public_key, without_comment


@pytest.fixture
def client(member):
    return member().kps()


def test_a_kept_private_key_is_exported_cleared_and_put_in_again(client, tmp_path):
    made = kps.create_kept(client, "kept")
    assert kps.detail(client, "kept").is_key_protection is True
    exported = kps.export(client, "kept")
    assert (exported.name, exported.private_key) == ("kept", made.private_key)
    assert kps.clear(client, "kept").status_code == 200
    assert kps.detail(client, "kept").is_key_protection is False
    with refused(400, "KPS.6005"):
        kps.export(client, "kept")
    assert kps.import_private_key(client, "kept", made.private_key).name == "kept"
    again = kps.export(client, "kept").private_key
    assert derived_public_key(again, tmp_path) == without_comment(made.public_key)


def test_an_imported_pair_can_be_kept_with_its_private_key(client, own_public_key, own_private_key, tmp_path):
    public_key = own_public_key.read_text()
    made = kps.create_kept(client, "brought", public_key=public_key, private_key=own_private_key)
    assert (made.public_key, made.private_key) == (public_key, None)
    exported = kps.export(client, "brought").private_key
    assert derived_public_key(exported, tmp_path) == without_comment(public_key)


def test_protection_without_the_private_key_of_an_imported_pair_is_refused(client, own_public_key):
    with refused(400, "KPS.0002"):
        kps.create_kept(client, "half", public_key=own_public_key.read_text())
    assert kps.listed(client)[0] == []


def test_a_private_key_of_another_pair_is_refused(client, own_public_key, other_private_key):
    kps.create(client, "mine", public_key=own_public_key.read_text())
    with refused(400, "KPS.6011"):
        kps.import_private_key(client, "mine", other_private_key)
    with refused(400, "KPS.6011"):
        kps.create_kept(client, "new", public_key=own_public_key.read_text(), private_key=other_private_key)


def test_without_a_kms_its_keys_are_refused_and_the_services_own_named(client):
    with refused(400, "KPS.6008") as caught:
        kps.create_kept(client, "kms", kps.v3.Encryption(type="kms", kms_key_name="web"))
    assert "default" in caught.value.error_msg
    assert kps.listed(client)[0] == []


@pytest.mark.parametrize("call", [kps.export, kps.clear, lambda client, name: kps.import_private_key(client, name, "x")])
def test_a_missing_pair_is_a_404(client, call):
    with refused(404, "KPS.4016"):
        call(client, "none")


def test_a_batch_is_imported_but_for_the_pairs_that_cannot_be(client, own_public_key, own_private_key):
    public_key = own_public_key.read_text()
    kps.create(client, "taken", public_key=public_key)
    protection = kps.v3.KeyProtection(private_key=own_private_key, encryption=kps.DEFAULT)
    batch = [{"name": f"batch-{number}", "public_key": public_key} for number in range(7)]
    batch.append({"name": "batch-kept", "public_key": public_key, "key_protection": protection})
    unusable = [{"name": "taken", "public_key": public_key}, {"name": "without-a-public-key"}]
    answer = kps.batch_import(client, batch + unusable)
    assert [each.keypair.name for each in answer.succeeded_keypairs] == [each["name"] for each in batch]
    assert all(each.keypair.public_key == public_key for each in answer.succeeded_keypairs)
    assert [each.keypair_name for each in answer.failed_keypairs] == [each["name"] for each in unusable]
    assert all(each.failed_reason for each in answer.failed_keypairs)
    assert b"PRIVATE KEY" not in answer.raw_content
    assert kps.listed(client)[0] == sorted([each["name"] for each in batch] + ["taken"])
    assert kps.detail(client, "batch-kept").is_key_protection is True


@pytest.mark.parametrize("size", [0, 11])
def test_a_batch_of_none_or_of_more_than_ten_is_refused(client, own_public_key, size):
    public_key = own_public_key.read_text()
    with refused(400, "KPS.0002"):
        kps.batch_import(client, [{"name": f"many-{number}", "public_key": public_key} for number in range(size)])
    with refused(400, "KPS.0002"):
        kps.batch_export(client, [f"many-{number}" for number in range(size)])
    assert kps.listed(client)[0] == []


def test_a_batch_is_exported_as_a_zip_of_files_for_their_owner_alone(client, own_public_key, own_private_key, tmp_path):
    public_key = own_public_key.read_text()
    for name in ("first", "second"):
        kps.create_kept(client, name, public_key=public_key, private_key=own_private_key)
    with zipfile.ZipFile(io.BytesIO(kps.batch_export(client, ["first", "second"]))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["first.pem", "second.pem"]
        for entry in archive.infolist():
            assert entry.external_attr >> 16 & 0o777 == 0o600
            assert derived_public_key(archive.read(entry).decode(), tmp_path) == without_comment(public_key)


def test_a_batch_with_a_pair_that_cannot_be_exported_exports_none(client, own_public_key, own_private_key):
    public_key = own_public_key.read_text()
    kps.create_kept(client, "kept", public_key=public_key, private_key=own_private_key)
    kps.create(client, "plain", public_key=public_key)
    with refused(400, "KPS.6005"):
        kps.batch_export(client, ["kept", "plain"])
    with refused(404, "KPS.4016"):
        kps.batch_export(client, ["kept", "none"])
