"""OpenStack's Terraform provider: the requests that its gophercloud sends."""

import http.client
import json
from urllib.parse import quote, urlencode, urlsplit

from service import PATIENCE, Answer, login_body

# What the provider puts on every request; it asks for no microversion unless a user is named.
HEADERS = {
    "Accept": "application/json",
    "Cache-Control": "no-cache",
    "User-Agent": "HashiCorp Terraform/1.13.0 (+https://www.terraform.io) Terraform Plugin SDK/v2.38.1 gophercloud/v2.8.0",
}


class Session:
    """A login by a cloud of clouds.yaml, and the `compute` endpoint in the catalog that came with it."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.token, catalog = self.login()
        self.endpoint = endpoint(catalog, "compute", cloud["region_name"])

    def login(self):
        """`v3auth`: nothing is asked before, as `auth_url` ends with the version."""
        answer = send("POST", f"{self.cloud['auth']['auth_url']}/auth/tokens", HEADERS, login_body(self.cloud["auth"]))
        assert answer.status in (200, 201), answer.body
        return answer.headers["X-Subject-Token"], answer.json()["token"]["catalog"]

    def send(self, method, path, body=None, query=None, microversion=None):
        """`ProviderClient.doRequest`: a token that is refused is replaced once, and the request sent again."""
        answer = self.send_once(method, path, body, query, microversion)
        if answer.status == 401:
            self.token, _ = self.login()
            answer = self.send_once(method, path, body, query, microversion)
        return answer

    def send_once(self, method, path, body, query, microversion):
        headers = HEADERS | {"X-Auth-Token": self.token}
        if microversion:
            headers |= {"X-OpenStack-Nova-API-Version": microversion, "OpenStack-API-Version": f"compute {microversion}"}
        url = f"{self.endpoint}{as_go_escapes(path)}" + (f"?{urlencode(query)}" if query else "")
        return send(method, url, headers, body)


def endpoint(catalog, kind, region):
    """`v3EndpointURL`: the first that fits, which ends with a slash."""
    for entry in catalog:
        for each in entry["endpoints"]:
            if entry["type"] == kind and each["interface"] == "public" and region in (each["region"], each["region_id"]):
                return each["url"].rstrip("/") + "/"
    raise AssertionError(f"the catalog has no public endpoint of {kind} in {region}: {catalog}")


def as_go_escapes(path):
    """A name is joined to the path as it is; Go's URL then escapes what may not stand there."""
    return quote(path, safe="/~$&+,:;=@")


def send(method, url, headers, body=None):
    # Go's encoder sorts the members of a map.
    payload = None if body is None else json.dumps(body, sort_keys=True, separators=(",", ":"))
    content = {} if body is None else {"Content-Type": "application/json"}
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, payload, headers | content)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()
