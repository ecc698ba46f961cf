"""Alibaba's Terraform provider: the requests that its tea-rpc sends, and what it makes of the answers."""

from alibaba_rpc import ENS, REGION, call

# The provider asks for pages of this size, and takes a shorter one for the last.
PAGE_SIZE = 50


class Provider:
    """The data sources of `alicloud_ecs_key_pair` and `alicloud_ens_key_pair`, and a create for them to find."""

    def __init__(self, member):
        self.member = member

    def ecs(self, action, **form):
        answer = call(self.member, action, {"RegionId": REGION} | form)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()

    def create(self, name, public_key=None, resource_group_id=None, tags=None):
        form = {"KeyPairName": name} | numbered_tags(tags or {})
        if resource_group_id:
            form["ResourceGroupId"] = resource_group_id
        if public_key is None:
            self.ecs("CreateKeyPair", **form)
        else:
            self.ecs("ImportKeyPair", **form, PublicKeyBody=public_key)

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

    def ens_data_source(self):
        """`data.alicloud_ens_key_pairs`, which has the version in its form as well."""
        names, page = [], 1
        while True:
            form = {"Version": ENS, "PageSize": PAGE_SIZE, "PageNumber": page}
            answer = call(self.member, "DescribeKeyPairs", form, Version=ENS)
            assert answer.status == 200, (answer.status, answer.body)
            rows = answer.json()["KeyPairs"]["KeyPair"]
            assert all(type(row[member]) is str for row in rows for member in ("CreationTime", "KeyPairFingerPrint"))
            names += [row["KeyPairName"] for row in rows]
            if len(rows) < PAGE_SIZE:
                return names
            page += 1
            assert page < 50, "the pages do not end"


def numbered_tags(tags):
    form = {}
    for number, (key, value) in enumerate(tags.items(), start=1):
        form |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    return form
