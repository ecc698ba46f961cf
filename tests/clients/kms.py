"""What an operator does at the KMS itself, moto's: makes keys of projects, and gives them names."""

import json
import os
import secrets
import urllib.request
from dataclasses import dataclass

from service import PATIENCE, new_service

REGION = "eu-central-1"


@dataclass
class Key:
    id: str
    name: str


def kms_url():
    assert "TEST_KMS_URL" in os.environ, "TEST_KMS_URL names a KMS; the clients' stages of tests/run start one"
    return os.environ["TEST_KMS_URL"]


def new_kms_service(folder):
    """An installation whose `kms` is that one; not started yet."""
    service = new_service(folder)
    service.settings |= settings() | {"KEYPAIRD__KEYPAIR__ALGORITHM": "ed25519"}
    return service


def settings():
    """What makes that KMS a service's."""
    return {
        "KEYPAIRD__VAULT__KMS__PROVIDER": "aws",
        "KEYPAIRD__VAULT__KMS__REGION": REGION,
        "KEYPAIRD__VAULT__KMS__ENDPOINT_URL": kms_url(),
    }


def new_key(project_id):
    """A key that the project may use, under a name that no other test knows."""
    key = Key(call("CreateKey")["KeyMetadata"]["KeyId"], f"key-{secrets.token_hex(4)}")
    call("CreateAlias", AliasName=f"alias/{project_id}/{key.name}", TargetKeyId=key.id)
    return key


def call(operation, **members):
    credential = f"Credential=test/20260101/{REGION}/kms/aws4_request, SignedHeaders=host, Signature=0"
    headers = {
        "X-Amz-Target": f"TrentService.{operation}",
        "Authorization": f"AWS4-HMAC-SHA256 {credential}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    request = urllib.request.Request(kms_url(), json.dumps(members).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read() or b"{}")
