"""Plays what a resource of a Terraform provider does, as a file of `terraform/` tells it.

A file is one resource: its `arguments` (the schema), its `calls` (the requests that the provider's functions send, and what they read from the
answers into the state), and `sequences` of steps:

- `apply`: a configuration and the calls that bring it about. The provider then reads; a plan must find no difference, if `plan` names none.
- `import`: by the resource's id, into an empty state, for the configuration of the last apply. What is `gone` cannot be imported.
- `elsewhere`: calls that Terraform knows nothing of.
- `destroy`: the call, twice, as for an answer that was lost (`again` is its status where the provider takes that for an error); the pair is gone.

`plan` is what the next plan would do: `"create"`, `{"update": […]}` or `{"replace": […]}` with the arguments that differ. `state` is what the state
then holds. `${…}` stands for a value of the test's: the keys, the user, the project, the id in the state.
"""

import re
from string import Template

from alibaba import fingerprint
from service import derived_public_key, without_comment

NO_DIFFERENCE = {}


class Player:
    """A resource's state, and what changes it."""

    def __init__(self, resource, client, values, folder):
        self.resource, self.client, self.values, self.folder = resource, client, values, folder
        self.state, self.config = {}, {}

    def play(self, steps):
        for number, step in enumerate(steps):
            try:
                self.play_step(step)
            except AssertionError as error:
                raise AssertionError(f"step {number}: {error}") from error

    def play_step(self, step):
        [kind] = {"apply", "import", "elsewhere", "destroy"} & step.keys()
        {"apply": self.apply, "import": self.take_over, "elsewhere": self.elsewhere, "destroy": self.destroy}[kind](step)
        if not step.keys() & {"refused", "gone"}:
            found = self.plan()
            assert found == step.get("plan", NO_DIFFERENCE), f"the plan is {found}, the state {self.state}"
        for name, wanted in self.filled(step.get("state", {})).items():
            assert matches(self.state.get(name), wanted), f"{name} is {self.state.get(name)!r}, not {wanted!r}"

    # --- The steps -------------------------------------------------------------------------------------------------

    def apply(self, step):
        self.config = self.filled(step["apply"])
        kept = {name: value for name, value in self.state.items() if self.is_computed(name)}
        self.state = kept | self.stored(self.config)
        refused = step.get("refused")
        for call in step["calls"]:
            for _ in range(call.get("times", 1)):
                body = self.send(call, refused and refused["status"])
            if refused:
                assert re.search(refused["says"], str(body)), body
                self.state = {}
                return
            self.take(call["call"], body)
            if "private_key" in call:
                self.check_private_key(call, body)
        self.settled()

    def take_over(self, step):
        """`terraform import`: the state is the id and what a read adds to it."""
        self.state = {"id": step["import"]}
        self.read()
        assert ("gone" in step) == (self.state == {}), self.state

    def elsewhere(self, step):
        for call in step["elsewhere"]:
            body = self.send(call)
            for path, wanted in self.filled(call.get("answer", {})).items():
                assert matches(at(body, path), wanted), f"{path} is {at(body, path)!r}, not {wanted!r}"

    def destroy(self, step):
        call = step["destroy"]
        assert self.send(call) is not None, "what was to be destroyed was gone"
        self.send(call, call.get("again"))
        self.read()
        assert self.state == {}, f"still there: {self.state}"
        self.config = {}

    def settled(self):
        """A second read finds what the first one did."""
        self.read()
        assert self.state, "what was just made is gone"
        first = dict(self.state)
        self.read()
        assert self.state == first

    # --- The plan --------------------------------------------------------------------------------------------------

    def plan(self):
        """Reads, and says what would be done about the configuration."""
        if self.state:
            self.read()
        if not self.state:
            return "create" if self.config else NO_DIFFERENCE
        different = sorted(name for name in self.resource["arguments"] if self.differs(name))
        replaced = [name for name in different if "force_new" in self.resource["arguments"][name]]
        if replaced:
            return {"replace": replaced}
        return {"update": different} if different else NO_DIFFERENCE

    def differs(self, name):
        """As the SDK of the providers compares: what is computed and not configured never differs; empty and absent are one."""
        wanted = self.stored(self.config).get(name)
        if wanted is None and self.is_computed(name):
            return False
        return (wanted or None) != (self.state.get(name) or None)

    def is_computed(self, name):
        return name == "id" or "computed" in self.resource["arguments"].get(name, "computed")

    def stored(self, config):
        """The configuration as the state has it: of some texts without the white space around them."""
        assert config.keys() <= self.resource["arguments"].keys(), config
        trimmed = {name for name, kinds in self.resource["arguments"].items() if "trimmed" in kinds}
        return {name: value.strip() if name in trimmed else value for name, value in config.items()}

    # --- The calls -------------------------------------------------------------------------------------------------

    def send(self, call, refused=None):
        """The decoded answer, or None where it says that the pair is gone and the provider puts up with that."""
        told = self.resource["calls"][call["call"]]
        request = {name: value for name, value in (told | call).items() if name in self.client.MEMBERS}
        for name, added in told.get("where_set", {}).items():
            if self.state.get(name):
                request |= added
        answer = self.client.send(**self.filled(request))
        if answer.status in told.get("gone", []):
            return None
        assert answer.status in ([refused] if refused else told["status"]), (call, answer.status, answer.body)
        return answer.json() if answer.body else {}

    def read(self):
        body = self.send({"call": "read"})
        row = self.resource["calls"]["read"].get("row")
        if body is not None and row:
            # The first row counts, whatever it is.
            body = next(iter(at(body, row)), None)
        if body is None:
            self.state = {}
        else:
            self.take("read", body)

    def take(self, call, body):
        """Puts into the state what the call's function reads from the answer."""
        told = self.resource["calls"][call]
        if "id" in told:
            self.state["id"] = Template(told["id"]).substitute(self.config)
        self.state |= zip(told.get("state_of_id", []), self.state.get("id", "").split(":"))
        for name, where in told.get("state", {}).items():
            where = {"at": where} if isinstance(where, str) else where
            value = decoded(at(body, where["at"]), where.get("type", "text"), name)
            value = where.get("words", {}).get(value, value) if isinstance(value, str) else value
            self.state[name] = value
        self.state = {name: value for name, value in self.state.items() if value is not None}

    def check_private_key(self, call, body):
        given = at(body, call["private_key"]["at"])
        if call["private_key"]["given"]:
            self.values["private_key_given"] = given
            public_key = " ".join(derived_public_key(given, self.folder))
            self.values |= {"public_key_of_it": public_key, "fingerprint_of_it": fingerprint(public_key)}
        else:
            assert not given, "a private key where none was to come"

    def filled(self, value):
        """With the test's values for `${…}`."""
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, str):
            return Template(value).safe_substitute(self.values, **self.state_values())
        return value

    def state_values(self):
        """The id, and its parts where it has several."""
        if "id" not in self.state:
            return {}
        parts = self.state["id"].split(":")
        return {"id": self.state["id"]} | {f"id_{number}": part for number, part in enumerate(parts, start=1)}


# What the Go code of a provider takes; anything else would end it, or fail to be decoded.
TYPES = {"text": str, "number": (int, float), "truth": bool, "tags": list}


def decoded(value, kind, name):
    if value is None:
        return None
    assert isinstance(value, TYPES[kind]) and (kind == "truth" or not isinstance(value, bool)), f"{name}: {value!r}"
    if kind == "tags":
        return {tag["TagKey"]: tag["TagValue"] for tag in value}
    return value


def at(body, path):
    """The member at a path, or None: `keypair.name`."""
    for part in path.split("."):
        if not isinstance(body, dict):
            return None
        body = body.get(part)
    return body


def matches(value, wanted):
    """Equal; or text of the form `{"like": …}`; or, for `{"key": …}`, a public key but for its comment."""
    if isinstance(wanted, dict) and wanted.keys() == {"like"}:
        return isinstance(value, str) and re.fullmatch(wanted["like"], value, re.DOTALL) is not None
    if isinstance(wanted, dict) and wanted.keys() == {"key"}:
        return isinstance(value, str) and without_comment(value) == without_comment(wanted["key"])
    return value == wanted
