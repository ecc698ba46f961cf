"""Alibaba's RPC calls as plain requests with an HMAC-SHA1 signature, in the form in which tea-rpc sends them."""

import base64
import hashlib
import hmac
import http.client
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from service import PATIENCE, Answer

ECS = "2014-05-26"
ENS = "2017-11-10"
# The region that a service has where nobody names another.
REGION = "RegionOne"


@dataclass
class Request:
    """What goes over the wire; sent twice, it is a replay."""

    method: str
    target: str
    body: str

    def send(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if self.body else {}
        try:
            connection.request(self.method, self.target, self.body or None, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


def call(member, action, parameters=None, **common):
    """The answer to a call; `common` says which common parameters differ."""
    return signed(member, action, parameters, **common).send(member.service.port)


def signed(member, action, parameters=None, secret=None, **common):
    """A call with the common parameters in the query and its own in the form. A common one that is None is left out."""
    query = {
        "Action": action,
        "Format": "json",
        "Timestamp": timestamp(),
        "Version": ECS,
        "SignatureNonce": secrets.token_hex(16),
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "AccessKeyId": member.access,
    }
    query = {name: value for name, value in (query | common).items() if value is not None}
    form = parameters or {}
    query["Signature"] = signature(string_to_sign("POST", query | form), secret or member.secret)
    return Request("POST", f"/?{urlencode(query)}", urlencode(form))


def string_to_sign(method, parameters):
    pairs = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted(parameters.items()))
    return f"{method}&%2F&{encoded(pairs)}"


def signature(text, secret):
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1)).decode()


def encoded(value):
    return quote(str(value), safe="~")


def timestamp(minutes=0):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def refusal(answer):
    """The status and the code of an answer in JSON that has all members of a refusal."""
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8", answer.headers
    body = answer.json()
    assert {"RequestId", "HostId", "Code", "Message", "Recommend"} <= body.keys(), body
    return answer.status, body["Code"]
