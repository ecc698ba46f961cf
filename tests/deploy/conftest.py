"""What the tests are given."""

import os

import pytest

import image as images
from tools import BINARY


def pytest_configure():
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not there; build it with: cargo build")
    if os.geteuid() != 0:
        raise pytest.UsageError("containers are run by chroot, with files of root's: run these tests as root")


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    try:
        yield images.build(folder)
    finally:
        images.Image(folder, "").remove()


@pytest.fixture
def container(image):
    name = image.container()
    yield name
    image.buildah("umount", name)
    image.buildah("rm", name)
