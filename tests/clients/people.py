"""Users of a real Keystone, and the ways in which they log in."""

import secrets
from dataclasses import dataclass

import keystoneauth1.identity.v3
import keystoneauth1.session
import openstack
import yaml

from keystone import REGION, Keystone


@dataclass
class Person:
    keystone: Keystone
    id: str
    name: str
    password: str
    # The names of the projects that the person has a role in.
    projects: list[str]

    def auth(self, project=None):
        """The `auth` of a cloud: scoped to the project, or else to the first one."""
        return self.keystone.auth(self.name, self.password, project or self.projects[0])

    def session(self, **scope):
        """keystoneauth1's session: in the first project, or with the scope given: `system_scope`, `unscoped`."""
        auth = self.keystone.auth(self.name, self.password) | scope if scope else self.auth()
        return keystoneauth1.session.Session(keystoneauth1.identity.v3.Password(**auth))

    def connect(self, project=None, **settings):
        """openstacksdk's connection."""
        return openstack.connection.Connection(auth=self.auth(project), region_name=REGION, **settings)


def new_person(keystone, role="member", projects=1):
    """A user that no other test knows, with the role in as many projects of its own."""
    identity = keystone.admin.identity
    name, password = f"person-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    user = identity.create_user(name=name, domain_id="default", password=password)
    role = identity.find_role(role, ignore_missing=False)
    names = [f"{name}-project-{number}" for number in range(projects)]
    for each in names:
        identity.assign_project_role_to_user(identity.create_project(name=each, domain_id="default"), user, role)
    return Person(keystone, user.id, name, password, names)


def administrator(keystone):
    """The administrator of the whole cloud, with a role in the project `admin` and for the system."""
    identity = keystone.admin.identity
    return Person(keystone, identity.find_user("admin").id, "admin", keystone.admin_password, ["admin"])


def write_clouds(path, **auths):
    """A clouds.yaml with a cloud for each `auth`."""
    clouds = {name: {"auth": auth, "region_name": REGION, "identity_api_version": 3} for name, auth in auths.items()}
    path.write_text(yaml.safe_dump({"clouds": clouds}))
    return path
