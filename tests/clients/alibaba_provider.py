"""Alibaba's Terraform provider: the requests that its tea-rpc sends, and what it makes of the answers."""

import json

from alibaba_rpc import ECS, ENS, REGION, call

# The provider asks for pages of this size, and takes a shorter one for the last.
PAGE_SIZE = 50


class Provider:
    """`alicloud_ecs_key_pair`, `alicloud_ens_key_pair` and the data source of the former, step by step."""

    def __init__(self, member):
        self.member = member

    def post(self, action, form, version=ECS):
        answer = call(self.member, action, form, Version=version)
        assert answer.status == 200, (answer.status, answer.body)
        body = answer.json()
        # The provider would take either for an error.
        assert not {"Code", "Success"} & body.keys(), body
        return body

    def ecs(self, action, **form):
        return self.post(action, {"RegionId": REGION} | form)

    def create(self, name, public_key=None, resource_group_id=None, tags=None):
        """The name, which becomes the resource's id, and the private key, which is written to `key_file`."""
        form = {"KeyPairName": name} | numbered_tags(tags or {})
        if resource_group_id:
            form["ResourceGroupId"] = resource_group_id
        if public_key is None:
            made = self.ecs("CreateKeyPair", **form)
        else:
            made = self.ecs("ImportKeyPair", **form, PublicKeyBody=public_key)
        return made["KeyPairName"], made.get("PrivateKeyBody")

    def read(self, name):
        """The resource's state, or None where it is gone. The first row counts, whatever its name."""
        rows = self.ecs("DescribeKeyPairs", KeyPairName=name)["KeyPairs"]["KeyPair"]
        return self.state(rows[0]) if rows else None

    def state(self, row):
        tags = row["Tags"]["Tag"]
        # A Go type assertion: anything else would end the provider.
        assert type(tags) is list, row
        texts = ("KeyPairName", "KeyPairFingerPrint", "CreationTime", "ResourceGroupId")
        assert all(type(row[member]) is str for member in texts), row
        return {
            "key_pair_name": row["KeyPairName"],
            "finger_print": row["KeyPairFingerPrint"],
            "create_time": row["CreationTime"],
            "resource_group_id": row["ResourceGroupId"],
            "tags": {tag["TagKey"]: tag["TagValue"] for tag in tags},
        }

    def tags(self, name):
        """How older versions read the tags."""
        body = self.ecs("ListTagResources", ResourceType="keypair", **{"ResourceId.1": name})
        assert not body.get("NextToken"), body
        return {tag["TagKey"]: tag["TagValue"] for tag in body["TagResources"]["TagResource"]}

    def set_tags(self, name, removed, added):
        pair = {"ResourceType": "keypair", "ResourceId.1": name}
        if removed:
            keys = {f"TagKey.{number}": key for number, key in enumerate(removed, start=1)}
            self.ecs("UntagResources", **pair, **keys)
        if added:
            self.ecs("TagResources", **pair, **numbered_tags(added))

    def join(self, name, resource_group_id):
        self.ecs("JoinResourceGroup", ResourceType="keypair", ResourceId=name, ResourceGroupId=resource_group_id)

    def delete(self, name):
        self.ecs("DeleteKeyPairs", KeyPairNames=json.dumps([name]))

    def data_source(self, **filters):
        """`data.alicloud_ecs_key_pairs`: all pages, and the instances of each pair."""
        pairs, page = [], 1
        while True:
            listed = self.ecs("DescribeKeyPairs", PageSize=PAGE_SIZE, PageNumber=page, **filters)
            rows = listed["KeyPairs"]["KeyPair"]
            pairs += [self.state(row) for row in rows]
            if len(rows) < PAGE_SIZE:
                break
            page += 1
            assert page < 50, "the pages do not end"
        for pair in pairs:
            body = self.ecs("DescribeInstances", KeyPairName=pair["key_pair_name"], MaxResults=PAGE_SIZE)
            assert body["Instances"]["Instance"] == [] and not body.get("NextToken"), body
        return pairs

    def ens(self, action, name):
        """A call of ENS; the resource has the version in its form as well."""
        return self.post(action, {"KeyPairName": name, "Version": ENS}, ENS)

    def ens_read(self, name):
        rows = self.ens("DescribeKeyPairs", name)["KeyPairs"]["KeyPair"]
        return rows[0]["KeyPairName"] if rows else None


def numbered_tags(tags):
    form = {}
    for number, (key, value) in enumerate(tags.items(), start=1):
        form |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    return form
