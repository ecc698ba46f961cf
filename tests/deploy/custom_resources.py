"""Resources that Kubernetes itself does not know, compared with the models that their own projects' sources were turned into.

The models' types tell a member that does not exist, their validators a value that does not fit.
"""

import json

from tools import HERE, NODE, run

PACKAGES = {
    "cert-manager.io": "@kubernetes-models/cert-manager",
    "external-secrets.io": "@kubernetes-models/external-secrets",
    "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
}
# As strict as Kubernetes' own forms are asked to be.
COMPILER = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext"]


def check(resources, folder):
    """Fails with what is wrong with any of them."""
    (folder / "node_modules").symlink_to(NODE / "node_modules")
    typed = folder / "resources.ts"
    typed.write_text("\n".join(as_typescript(number, resource) for number, resource in enumerate(resources)))
    run("node", NODE / "node_modules" / "typescript" / "bin" / "tsc", *COMPILER, typed)
    modules = [[module(resource), resource] for resource in resources]
    told = run("node", HERE / "validate-custom-resources.mjs", NODE / "node_modules", input=json.dumps(modules))
    assert told.count("is valid") == len(resources)


def as_typescript(number, resource):
    kind = resource["kind"]
    imported = f'import type {{ I{kind} as I{number} }} from "{module(resource)}";'
    return f"{imported}\nexport const resource{number}: I{number} = {json.dumps(resource)};"


def module(resource):
    """Where the model is: by package, version and kind."""
    group, _ = resource["apiVersion"].split("/")
    return f"{PACKAGES[group]}/{resource['apiVersion']}/{resource['kind']}"
