"""The image's last stage, built by buildah from the built program on a base of this machine's own libraries.

No registry is asked: what stands for the distroless base is empty but for what the program loads and the certificates.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools import BINARY, DEPLOY, ROOT, run

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
USER = 65532


@dataclass
class Image:
    """A built image, and the folder that everything of buildah's is in."""

    folder: Path
    name: str

    def buildah(self, *arguments):
        return run(*self.command(*arguments))

    def command(self, *arguments):
        # vfs needs nothing of the kernel; the image is small.
        storage = ["--storage-driver", "vfs", "--root", self.folder / "storage", "--runroot", self.folder / "run"]
        return ["buildah", *map(str, storage), *arguments]

    def config(self):
        return json.loads(self.buildah("inspect", "--type", "image", self.name))["OCIv1"]["config"]

    def container(self):
        return self.buildah("from", "--pull-never", self.name).split()[-1]

    def inside(self, container, *arguments, volumes=()):
        """The command that runs the image's program in a container, as the image's user."""
        mounts = [option for volume in volumes for option in ("--volume", volume)]
        entrypoint = self.config()["Entrypoint"]
        return self.command("run", "--isolation", "chroot", *mounts, container, "--", *entrypoint, *arguments)

    def files(self, container):
        """Every file of the image, by its path there."""
        mounted = Path(self.buildah("mount", container).strip())
        found = [Path(folder) / name for folder, _, names in os.walk(mounted) for name in names]
        return {Path("/") / file.relative_to(mounted): file for file in found}

    def remove(self):
        # Containers of tests that failed are still mounted.
        for arguments in [["umount", "--all"], ["rm", "--all"]]:
            subprocess.run(self.command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def build(folder):
    image = Image(folder, "localhost/keypaird")
    base = image.buildah("from", "scratch").split()[-1]
    image.buildah("copy", "--quiet", base, libraries(folder / "base"), "/")
    image.buildah("commit", "--quiet", "--rm", base, "localhost/base")
    image.buildah(
        "build", "--quiet", "--isolation", "chroot", "--pull-never", "--file", DEPLOY / "Dockerfile",
        "--build-arg", "BASE_IMAGE=localhost/base", "--build-context", f"build={built(folder / 'build')}",
        "--tag", image.name, ROOT,
    )  # fmt: skip
    return image


def libraries(folder):
    """What the program loads, and the certificates, at their places below `folder`."""
    for file in [*re.findall(r"/\S+", run("ldd", BINARY)), CERTIFICATES]:
        place = folder / str(file).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    return folder


def built(folder):
    """What the first stage leaves: it stands in the place of that stage, which needs a compiler's image."""
    (folder / "out" / "data").mkdir(parents=True, mode=0o700)
    shutil.copy(BINARY, folder / "out" / "keypaird")
    (folder / "out" / "sbom.cdx.json").write_text(run(DEPLOY / "dependencies", "sbom"))
    return folder
