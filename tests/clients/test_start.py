"""What an operator sees: the first start, the next one, what lies on the disk, and refusals to start."""

import socket
import stat
import time

import pytest
from service import PATIENCE, Service, derived_public_key, free_ports, without_comment, written_forms

KEPT = {"keypair": {"name": "kept", "key_protection": {"encryption": {"type": "default"}}}}


@pytest.fixture
def kept(own_service):
    """A running service, a token, and the private key of a pair whose private key it keeps."""
    token, project = own_service.start().token()
    made = own_service.request("POST", f"/v2.1/{project}/keypairs", KEPT, token)
    assert made.status == 200, made.body
    return own_service, token, made.json()["keypair"]


def test_it_starts_with_no_configuration_at_all(tmp_path):
    port, admin_port = 8774, 8775
    wait_until_free(port, admin_port)
    service = Service(tmp_path, port=port, admin_port=admin_port)
    service.launch(settings={})
    try:
        service.wait_until_ready()
        token, _ = service.token()
        assert service.request("GET", "/v2.1/os-keypairs", token=token).json() == {"keypairs": []}
    finally:
        assert service.stop() == 0


def test_the_next_start_finds_everything_again(kept):
    service, token, pair = kept
    assert service.stop() == 0
    service.start()
    shown = service.request("GET", "/v2.1/os-keypairs/kept", token=token)
    assert (shown.status, shown.json()["keypair"]["public_key"]) == (200, pair["public_key"])


def test_no_private_key_is_readable_in_what_is_stored(kept, tmp_path):
    service, _, pair = kept
    assert derived_public_key(pair["private_key"], tmp_path) == without_comment(pair["public_key"])
    service.stop()
    stored = service.everything_stored()
    assert pair["public_key"].split()[1].encode() in stored, "the search finds what is stored in the clear"
    for form in written_forms(pair["private_key"]):
        assert form not in stored


def test_neither_passwords_nor_tokens_nor_private_keys_are_logged(kept):
    service, token, pair = kept
    service.stop()
    log = service.log.read_bytes()
    assert b"keypair" in log, "something was logged"
    for secret in [token.encode(), service.cloud()["auth"]["password"].encode(), *written_forms(pair["private_key"])]:
        assert secret not in log


def test_only_the_owner_can_read_what_the_first_start_writes(kept):
    service, _, _ = kept
    assert stat.S_IMODE(service.data.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in service.data.iterdir()}
    assert modes.keys() >= {"clouds.yaml", "openrc"}
    assert set(modes.values()) == {0o600}, modes


def test_a_plain_listener_for_other_machines_is_refused(own_service):
    listen = f"0.0.0.0:{free_ports(1)[0]}"
    own_service.launch(own_service.settings | {"KEYPAIRD__HTTP__LISTEN": listen})
    assert own_service.process.wait(PATIENCE) != 0
    assert "allow_plain_http" in own_service.log.read_text()


def wait_until_free(*ports):
    deadline = time.monotonic() + PATIENCE
    for port in ports:
        while not is_free(port):
            assert time.monotonic() < deadline, f"another program of this machine holds port {port}"
            time.sleep(0.5)


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
