"""Huawei's Terraform provider: the requests that its golangsdk sends, and what it makes of the answers."""

import hashlib
import hmac
import http.client
import json
from datetime import UTC, datetime
from urllib.parse import quote

from service import PATIENCE, Answer

USER_AGENT = "terraform-provider-huaweicloud golangsdk/2.0.0"
# What golangsdk takes for success where the provider names no statuses.
SUCCESS = {"GET": {200}, "POST": {200, 201, 202}, "PUT": {200, 201, 202}, "DELETE": {200, 202, 204}}


def send(member, method, path, body=None, query=None, unsigned=None):
    """A request as golangsdk sends it: `Host` is not signed, and the project is added when all is signed, or `unsigned` in its place."""
    # Go's encoder sorts the members of a map and ends with a newline.
    payload = b"" if body is None else json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    headers = {
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
        "X-Sdk-Date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
    }
    if body is not None:
        headers["Content-Type"] = "application/json"
    query = "&".join(f"{name}={value}" for name, value in (query or {}).items())
    headers["Authorization"] = authorization(member, method, path, query, headers, payload)
    headers |= {"X-Project-Id": member.project_id} if unsigned is None else unsigned
    connection = http.client.HTTPConnection("127.0.0.1", member.service.port, timeout=PATIENCE)
    try:
        connection.request(method, f"{path}?{query}" if query else path, payload or None, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def authorization(member, method, path, query, headers, payload):
    """SDK-HMAC-SHA256 over all `headers`."""
    names = sorted(headers, key=str.lower)
    lines = "".join(f"{name.lower()}:{headers[name]}\n" for name in names)
    signed = ";".join(names).lower()
    pairs = "&".join(sorted(query.split("&")))
    digest = hashlib.sha256(payload).hexdigest()
    canonical = "\n".join([method, f"{quote(path, safe='/~')}/", pairs, lines, signed, digest])
    text = f"SDK-HMAC-SHA256\n{headers['X-Sdk-Date']}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(member.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"SDK-HMAC-SHA256 Access={member.access}, SignedHeaders={signed}, Signature={signature}"


class Provider:
    """What stands beside `huaweicloud_kps_keypair`, and a create for it to find."""

    def __init__(self, member):
        self.member = member

    def call(self, method, path, body=None, query=None):
        """The decoded answer; None for an empty one."""
        answer = send(self.member, method, f"/v3/{self.member.project_id}{path}", body, query)
        assert answer.status in SUCCESS[method], (answer.status, answer.body)
        return answer.json() if answer.body else None

    def create(self, **members):
        self.call("POST", "/keypairs", {"keypair": {"type": "ssh"} | members})

    def data_source(self, **query):
        """`data.huaweicloud_kps_keypairs`: all pages, which it asks for without a limit until there is no next."""
        pairs, pages, marker = [], 0, None
        while True:
            page = query | ({"marker": marker} if marker else {})
            answer = self.call("GET", "/keypairs", query=page)
            pages += 1
            assert pages < 50, "the pages do not end"
            pairs += [each["keypair"] for each in answer["keypairs"]]
            assert all(type(pair["frozen_state"]) is str for pair in pairs), pairs
            marker = answer["page_info"].get("next_marker")
            if not marker:
                return pairs, pages
