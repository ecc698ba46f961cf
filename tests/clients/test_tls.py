"""The API by TLS of the service's own: openstacksdk by HTTP/1.1, curl by HTTP/2, both told whom to believe."""

import subprocess

import openstack.config
import openstack.connection
import pytest
from keystoneauth1.exceptions import DiscoveryFailure

from service import CLOUD, derived_public_key, without_comment


@pytest.fixture
def certificate(own_service, tmp_path):
    """Of a service that was started with it; it vouches for itself."""
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=keypaird for tests", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    own_service.settings |= {
        "KEYPAIRD__HTTP__TLS__CERTIFICATE_FILE": str(certificate),
        "KEYPAIRD__HTTP__TLS__PRIVATE_KEY_FILE": str(key),
    }
    own_service.start()
    return certificate


def test_openstacksdk_makes_a_key_pair_by_tls(own_service, certificate, tmp_path):
    config = openstack.config.OpenStackConfig(config_files=[str(own_service.clouds_yaml)], load_envvars=False)
    cloud = openstack.connection.Connection(config=config.get_one(CLOUD, cacert=str(certificate)))
    made = cloud.create_keypair("by-tls")
    assert derived_public_key(made.private_key, tmp_path) == without_comment(made.public_key)
    with pytest.raises(DiscoveryFailure, match="certificate verify failed"):
        openstack.connection.Connection(config=config.get_one(CLOUD)).create_keypair("not-believed")


def test_curl_is_answered_by_http_2(own_service, certificate):
    url = f"https://127.0.0.1:{own_service.port}/"
    told = ["--silent", "--show-error", "--fail", "--http2", "--write-out", "\n%{http_version}"]
    answer = subprocess.run(["curl", *told, "--cacert", certificate, url], check=True, capture_output=True, text=True)
    assert url + "v2.1/" in answer.stdout and answer.stdout.endswith("\n2"), answer.stdout
