"""Clients that go on asking until they are told to stop, and what became of each request."""

import http.client
import itertools
import json
import secrets
import threading
import time
from dataclasses import dataclass

from service import PATIENCE

# Any public key will do: a key pair that is imported costs the service no time.
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM4ANTZp1c46ISH9TixNZkzNZyG7hCX2m17U9QvyMBnl me@home"


@dataclass
class Outcome:
    """`status` is None where the connection broke before there was one."""

    what: str
    name: str
    status: int | None
    sent_at: float
    ended_at: float
    body: bytes = b""


class Load:
    """Imports, shows and deletes key pairs of its own names; every third pair is left."""

    def __init__(self, ports, token, clients=6, named=None):
        self.token, self.named = token, named or f"load-{secrets.token_hex(4)}"
        self.ended = threading.Event()
        self.outcomes = []
        self.threads = [threading.Thread(target=self.run, args=(ports[n % len(ports)], n), daemon=True) for n in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a request was never answered"

    def run(self, port, client):
        connection = Connection(port, self.token)
        for number in itertools.count():
            name = f"{self.named}-{client}-{number}"
            steps = [("POST", "/v2.1/os-keypairs", imported(name)), ("GET", f"/v2.1/os-keypairs/{name}", None)]
            if number % 3:
                steps.append(("DELETE", f"/v2.1/os-keypairs/{name}", None))
            for method, path, body in steps:
                if self.ended.is_set():
                    return
                outcome = connection.ask(method, path, body, name)
                self.outcomes.append(outcome)
                if outcome.status is None or outcome.status >= 400:
                    # What follows would fail for this one's failure; and a service that is away is not hammered.
                    time.sleep(0.05)
                    break

    def go_on(self, count, by=lambda outcome: outcome.status in (200, 201, 202)):
        """Waits until so many more requests have ended well."""
        begun = len(self.outcomes)
        deadline = time.monotonic() + PATIENCE
        while sum(map(by, self.outcomes[begun:])) < count:
            assert time.monotonic() < deadline, f"the load did not go on: {self.outcomes[-5:]}"
            time.sleep(0.02)

    def failures(self):
        return [outcome for outcome in self.outcomes if outcome.status not in (200, 201, 202)]

    def left(self):
        """The names whose creation was answered with success, and for whose deletion nobody asked."""
        made = {outcome.name for outcome in self.outcomes if outcome.what == "POST" and outcome.status == 200}
        return made - {outcome.name for outcome in self.outcomes if outcome.what == "DELETE"}


class Connection:
    """Kept open from request to request, as clients of SDKs do; opened anew after it broke or was closed."""

    def __init__(self, port, token):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.headers = {"X-Auth-Token": token, "Content-Type": "application/json"}

    def ask(self, method, path, body, name):
        sent_at = time.monotonic()
        try:
            self.http.request(method, path, None if body is None else json.dumps(body), self.headers)
            answer = self.http.getresponse()
            status, read = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as broken:
            self.http.close()
            status, read = None, repr(broken).encode()
        return Outcome(method, name, status, sent_at, time.monotonic(), read)


def imported(name):
    return {"keypair": {"name": name, "public_key": PUBLIC_KEY}}
