"""Who asks: nobody, who has a token, and who signs as Huawei's and as Alibaba's clients do."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from requests.auth import AuthBase

from alibaba_rpc import signature, string_to_sign, timestamp


@dataclass
class Key:
    """A user's access key for a project."""

    access: str
    secret: str


class Nobody(AuthBase):
    def __call__(self, request):
        return request


class Unsigned(AuthBase):
    """A call of Alibaba's without a signature: the header marks it as one, or without its action it would be a request
    for Nova's versions, which are on the same path."""

    def __call__(self, request):
        request.headers["x-acs-signature-nonce"] = secrets.token_hex(16)
        return request


@dataclass
class Token(AuthBase):
    token: str

    def __call__(self, request):
        request.headers["X-Auth-Token"] = self.token
        return request


@dataclass
class Huawei(AuthBase):
    """SDK-HMAC-SHA256 over the request as it goes out."""

    key: Key

    def __call__(self, request):
        date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        url = urlsplit(request.url)
        path = "/".join(encoded(unquote(segment, errors="surrogateescape")) for segment in url.path.split("/"))
        pairs = sorted((encoded(name), encoded(value)) for name, value in parse_qsl(url.query, keep_blank_values=True))
        query = "&".join(f"{name}={value}" for name, value in pairs)
        body = hashlib.sha256(bytes_of(request.body)).hexdigest()
        canonical = f"{request.method}\n{path}/\n{query}\nx-sdk-date:{date}\n\nx-sdk-date\n{body}"
        text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        made = hmac.new(self.key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        request.headers["X-Sdk-Date"] = date
        request.headers["Authorization"] = (
            f"SDK-HMAC-SHA256 Access={self.key.access}, SignedHeaders=x-sdk-date, Signature={made}"
        )
        return request


@dataclass
class Alibaba(AuthBase):
    """HMAC-SHA1 over all parameters; those of a signature take the place of what was generated."""

    key: Key

    def __call__(self, request):
        url = urlsplit(request.url)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        form = dict(parse_qsl(bytes_of(request.body).decode(errors="replace"), keep_blank_values=True))
        for parameters in (query, form):
            for name in ("Signature", "SecurityToken", "Format"):
                parameters.pop(name, None)
        common = {
            "Format": "JSON",
            "Timestamp": timestamp(),
            "SignatureNonce": secrets.token_hex(16),
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "AccessKeyId": self.key.access,
        }
        (form if request.method == "POST" else query).update(common)
        query["Signature"] = signature(string_to_sign(request.method, query | form), self.key.secret)
        request.url = url._replace(query=urlencode(query), fragment="").geturl()
        if request.method == "POST":
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
            request.prepare_body(urlencode(form), None)
        return request


def encoded(text):
    return quote(text, safe="~", errors="surrogateescape")


def bytes_of(body):
    return body.encode() if isinstance(body, str) else body or b""


def made(service, *arguments):
    return json.loads(service.command(*arguments, "--output", "json"))
