"""OpenStack's clients, their logins at a real Keystone, and this service as the `compute` of its catalog."""

import json

import novaclient.client
import novaclient.exceptions
import openstack.exceptions
import pytest

from keystone import REGION
from service import derived_public_key, without_comment


def test_the_openstack_command_makes_shows_lists_and_deletes_a_pair(person, openstack_as, own_public_key):
    command = openstack_as(mine=person().auth())
    make = ["keypair", "create", "--public-key", own_public_key, "-f", "json"]
    made = json.loads(command.succeeds(*make, "cli", cloud="mine"))
    shown = json.loads(command.succeeds("keypair", "show", "cli", "-f", "json", cloud="mine"))
    assert shown["fingerprint"] == made["fingerprint"]
    stored = command.succeeds("keypair", "show", "--public-key", "cli", cloud="mine")
    assert without_comment(stored) == without_comment(own_public_key.read_text())
    assert command.succeeds("keypair", "list", "-f", "value", "-c", "Name", cloud="mine").split() == ["cli"]
    command.succeeds("keypair", "delete", "cli", cloud="mine")
    assert command.succeeds("keypair", "list", "-f", "value", "-c", "Name", cloud="mine").split() == []


def test_openstacksdk_makes_shows_lists_and_deletes_a_pair(person, tmp_path):
    cloud = person().connect()
    made = cloud.create_keypair("sdk")
    assert derived_public_key(made.private_key, tmp_path) == without_comment(made.public_key)
    assert cloud.get_keypair("sdk").fingerprint == made.fingerprint
    assert [pair.name for pair in cloud.list_keypairs()] == ["sdk"]
    assert cloud.delete_keypair("sdk") is True
    assert cloud.list_keypairs() == []


@pytest.mark.parametrize("microversion", ["2.1", "2.2", "2.10", "2.91"])
def test_novaclient_makes_shows_lists_and_deletes_a_pair(person, tmp_path, microversion):
    keypairs = novaclient.client.Client(microversion, session=person().session(), region_name=REGION).keypairs
    made = keypairs.create("nova")
    assert derived_public_key(made.private_key, tmp_path) == without_comment(made.public_key)
    assert keypairs.get("nova").fingerprint == made.fingerprint
    assert [pair.name for pair in keypairs.list()] == ["nova"]
    keypairs.delete("nova")
    with pytest.raises(novaclient.exceptions.NotFound):
        keypairs.get("nova")


def test_a_user_has_the_same_pairs_in_each_project(person):
    someone = person(projects=2)
    first, second = (someone.connect(project) for project in someone.projects)
    assert first.current_project_id != second.current_project_id
    made = first.create_keypair("everywhere")
    assert second.get_keypair("everywhere").fingerprint == made.fingerprint
    with pytest.raises(openstack.exceptions.ConflictException, match="Key pair 'everywhere' already exists."):
        second.create_keypair("everywhere")
    assert second.delete_keypair("everywhere") is True
    assert first.get_keypair("everywhere") is None


def test_users_see_their_own_pairs_alone(person):
    mine, theirs = person().connect(), person().connect()
    mine.create_keypair("mine")
    assert theirs.get_keypair("mine") is None
    assert theirs.list_keypairs() == []


def test_a_reader_makes_and_deletes_pairs_of_its_own(person):
    reader = person("reader").connect()
    reader.create_keypair("reader")
    assert reader.delete_keypair("reader") is True


def test_an_administrator_acts_for_another_user(admin, person, own_public_key):
    someone, compute = person(), admin.connect().compute
    made = compute.create_keypair(name="given", user_id=someone.id, public_key=own_public_key.read_text())
    assert made.user_id == someone.id
    assert [pair.name for pair in compute.keypairs(user_id=someone.id)] == ["given"]
    assert "given" not in [pair.name for pair in compute.keypairs()]
    assert someone.connect().get_keypair("given").fingerprint == made.fingerprint
    compute.delete_keypair("given", user_id=someone.id, ignore_missing=False)
    assert someone.connect().get_keypair("given") is None


# A manager's word counts in Keystone, for the users of its domain; for key pairs it is a user like others.
@pytest.mark.parametrize("role", ["member", "manager"])
def test_nobody_but_administrators_acts_for_another_user(person, own_public_key, role):
    other, compute = person().id, person(role).connect().compute
    refused = {
        "create": lambda: compute.create_keypair(name="theirs", user_id=other, public_key=own_public_key.read_text()),
        "index": lambda: list(compute.keypairs(user_id=other)),
        "show": lambda: compute.get_keypair("theirs", user_id=other),
        "delete": lambda: compute.delete_keypair("theirs", user_id=other, ignore_missing=False),
    }
    for rule, call in refused.items():
        with pytest.raises(openstack.exceptions.ForbiddenException, match=f"os_compute_api:os-keypairs:{rule} "):
            call()


def test_a_manager_makes_and_deletes_pairs_of_its_own(person):
    manager = person("manager").connect()
    manager.create_keypair("manager")
    assert manager.delete_keypair("manager") is True
