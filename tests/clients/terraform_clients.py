"""The libraries that the Terraform providers send their requests with, each in one form: `send(…)` with the members of a call."""

import golangsdk
from alibaba_rpc import ECS, ENS, call


class Gophercloud:
    """terraform-provider-openstack's."""

    MEMBERS = {"method", "path", "body", "query", "microversion"}

    def __init__(self, session):
        self.send = session.send


class Golangsdk:
    """terraform-provider-huaweicloud's, signed with the member's access key."""

    MEMBERS = {"method", "path", "body", "query"}

    def __init__(self, member):
        self.member = member

    def send(self, method, path, body=None, query=None):
        return golangsdk.send(self.member, method, path, body, query)


class TeaRpc:
    """terraform-provider-alicloud's `RpcPost`: what every call has in the query, the call's own in the form."""

    MEMBERS = {"product", "action", "form"}
    VERSIONS = {"ecs": ECS, "ens": ENS}

    def __init__(self, member):
        self.member = member

    def send(self, product, action, form):
        answer = call(self.member, action, form, Version=self.VERSIONS[product])
        # `formatError` takes either, in a success, for an error.
        assert answer.status != 200 or not {"Code", "Success"} & answer.json().keys(), answer.body
        return answer
