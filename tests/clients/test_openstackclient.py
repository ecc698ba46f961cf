"""The `openstack` command, as people and scripts run it."""

import json

from service import derived_public_key, without_comment


def test_a_token_is_issued(openstack_command):
    token = json.loads(openstack_command.succeeds("token", "issue", "-f", "json"))
    assert {"id", "expires", "project_id", "user_id"} <= token.keys()


def test_the_catalog_lists_compute_and_identity(openstack_command, service):
    catalog = json.loads(openstack_command.succeeds("catalog", "list", "-f", "json"))
    assert {entry["Type"] for entry in catalog} >= {"compute", "identity"}
    assert f"http://127.0.0.1:{service.port}/v2.1" in json.dumps(catalog)


def test_a_public_key_file_is_imported_as_it_is(openstack_command, own_public_key):
    made = shown(openstack_command, "create", "--public-key", str(own_public_key), "cli-imported")
    assert (made["name"], made["type"]) == ("cli-imported", "ssh")
    stored = openstack_command.succeeds("keypair", "show", "--public-key", "cli-imported")
    assert stored.rstrip("\n") == own_public_key.read_text().rstrip("\n")
    assert shown(openstack_command, "show", "cli-imported")["fingerprint"] == made["fingerprint"]


def test_a_key_made_by_the_client_fits_the_stored_public_key(openstack_command, tmp_path):
    private_key = openstack_command.succeeds("keypair", "create", "cli-made")
    stored = openstack_command.succeeds("keypair", "show", "--public-key", "cli-made")
    assert derived_public_key(private_key, tmp_path) == without_comment(stored)


def test_the_newest_microversion_of_nova_is_spoken(openstack_command):
    newest = ["--os-compute-api-version", "2.92"]
    private_key = openstack_command.succeeds(*newest, "keypair", "create", "cli@2.92")
    assert "BEGIN OPENSSH PRIVATE KEY" in private_key
    assert "cli@2.92" in names(openstack_command, *newest)
    openstack_command.succeeds(*newest, "keypair", "delete", "cli@2.92")
    assert "cli@2.92" not in names(openstack_command, *newest)


def test_a_deleted_pair_is_gone(openstack_command):
    openstack_command.succeeds("keypair", "create", "cli deleted")
    assert "cli deleted" in names(openstack_command)
    openstack_command.succeeds("keypair", "delete", "cli deleted")
    assert "cli deleted" not in names(openstack_command)


def test_a_taken_name_is_told_in_novas_words(openstack_command):
    openstack_command.succeeds("keypair", "create", "cli-taken")
    refusal = openstack_command.fails("keypair", "create", "cli-taken")
    assert "Key pair 'cli-taken' already exists." in refusal
    assert "409" in refusal


def test_a_missing_pair_is_told_by_its_name(openstack_command):
    assert "No Keypair found for cli-missing" in openstack_command.fails("keypair", "show", "cli-missing")
    assert "cli-missing" in openstack_command.fails("keypair", "delete", "cli-missing")


def shown(openstack_command, verb, *arguments):
    return json.loads(openstack_command.succeeds("keypair", verb, "-f", "json", *arguments))


def names(openstack_command, *options):
    pairs = json.loads(openstack_command.succeeds(*options, "keypair", "list", "-f", "json"))
    return {pair["Name"] for pair in pairs}
