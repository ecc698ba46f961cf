"""The service answers as its OpenAPI document says, whatever it is asked: without a token, with one, and signed."""

import json
from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

ROOT = Path(__file__).resolve().parents[2]
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance, content_type_conformance]
LONGEST_URL = 60_000
# The same examples in each run.
FIXED = settings(
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def closed(schema):
    """The document with objects closed: a member that is not in it is a deviation here, though clients must bear it."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            closed(value)
    elif isinstance(schema, list):
        for value in schema:
            closed(value)
    return schema


def document():
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    sent = {name for name in document["components"]["schemas"] if name.endswith("Form") or name in OPEN}
    for name, schema in document["components"]["schemas"].items():
        if name not in sent:
            closed(schema)
    return document


# What is sent, and may have further members.
OPEN = {"identity.Login", "nova.CreateKeyPairFrozen", "operator.Document"}
schema = schemathesis.openapi.from_dict(document())
# Of operations that stand below several paths, those below one: they are the same.
once = schema.exclude(operation_id_regex="(_in_project|_unprefixed|_slash)$")


# Who asks, by what an operation's tags begin with.
CALLERS = {
    "nova: quotas": ["nobody", "token", "administrator"],
    "nova": ["nobody", "token"],
    "identity": ["nobody", "token", "administrator"],
    "kps": ["nobody", "token", "huawei"],
    "alibaba": ["unsigned", "alibaba"],
    "operator": ["nobody", "token"],
}


def callers(case):
    found = [who for begin, who in CALLERS.items() for tag in case.operation.tags if tag.startswith(begin)]
    return sorted({caller for who in found for caller in who})


@once.parametrize()
@settings(FIXED, max_examples=3)
def test_each_answer_is_one_that_the_document_has(case, scene):
    for caller in callers(case):
        ask(case, scene, caller)


def ask(case, scene, caller):
    if "project_id" in (case.path_parameters or {}):
        case.path_parameters["project_id"] = scene.project
    service = scene.service
    port = service.admin_port if case.operation.tags[0] == "operator" else service.port
    response = case.call(base_url=f"http://127.0.0.1:{port}", auth=scene.callers[caller])
    # What is longer is refused before any dialect sees it, as the document's introduction says.
    if len(response.request.url) < LONGEST_URL:
        case.validate_response(response, checks=CHECKS)
