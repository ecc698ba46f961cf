"""The systemd unit and its drop-in, by systemd-analyze."""

import os
import re
import shutil

import pytest

from tools import BINARY, DEPLOY, run

UNITS = DEPLOY / "systemd"
DROP_IN = "keypaird.service.d"
DROP_INS = {
    "credentials.conf": {"database-url", "master.key", "bootstrap-password"},
    "tls.conf": {"tls.crt", "tls.key"},
}
# Ten times what systemd-analyze calls the exposure, 0 to 10: deploy/README.md tells it.
EXPOSURE = 12


@pytest.fixture(params=["alone", "with credentials"])
def unit(request, tmp_path):
    """Runs systemd-analyze on the unit, as it would be installed here: with the built program in the place of /usr/bin/keypaird."""
    shutil.copy(UNITS / "keypaird.service", tmp_path)
    if request.param == "with credentials":
        shutil.copytree(UNITS / DROP_IN, tmp_path / DROP_IN)
    for file in tmp_path.rglob("*.*"):
        if file.is_file():
            file.write_text(file.read_text().replace("/usr/bin/keypaird", str(BINARY)))
    environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    return lambda *arguments: run("systemd-analyze", *arguments, "keypaird.service", env=environment)


def test_systemd_understands_every_line(unit):
    # What it does not know it only tells of.
    assert unit("verify", "--man=no") == ""


def test_it_is_as_closed_as_we_say(unit):
    told = unit("security", "--offline=true", f"--threshold={EXPOSURE}")
    assert f"exposure level for keypaird.service: {EXPOSURE / 10}" in told
    assert f"rates it {EXPOSURE / 10}," in (DEPLOY / "README.md").read_text()


def test_the_drop_ins_give_every_secret_as_a_credential():
    for drop_in, secrets in DROP_INS.items():
        text = (UNITS / DROP_IN / drop_in).read_text()
        loaded = set(re.findall(r"^LoadCredential=([^:]+):", text, re.MULTILINE))
        assert loaded == set(re.findall(r"%d/(\S+)", text)) == secrets
