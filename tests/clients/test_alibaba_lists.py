"""What DescribeKeyPairs of ECS finds among 120 pairs, page by page and by each of its filters."""

import pytest
from alibabacloud_ecs20140526 import models as ecs_models

from alibaba import ecs, fingerprint, name_list, refused, tags_of
from alibaba_rpc import REGION, call, refusal
from huawei import new_member
from service import new_key

MANY = 120
SAME = {"owner": "all", "stage": ""}
KEYS = ["number", "owner", "parity", "stage", "third"]
EVERY = [f"pair-{number:03}" for number in range(MANY)]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two public keys: that of every third pair, and that of the others."""
    folders = [tmp_path_factory.mktemp("keys") for _ in range(2)]
    return [new_key(folder, "rsa").with_suffix(".pub").read_text().strip() for folder in folders]


@pytest.fixture(scope="module")
def client(alibaba_service, keys):
    """A project with 120 pairs of five tags, every third with another key, every fourth in a group."""
    client = ecs(new_member(alibaba_service))
    for number, name in enumerate(EVERY):
        tags = SAME | {"parity": "odd" if number % 2 else "even", "third": str(number % 3 == 0), "number": str(number)}
        client.import_key_pair(
            key_pair_name=name,
            public_key_body=keys[number % 3 != 0],
            resource_group_id="rg-one" if number % 4 == 0 else None,
            tag=client.tags("ImportKeyPair", tags),
        )
    return client


def test_pages_have_ten_rows_unless_told_otherwise(client):
    rows, page = client.describe()
    assert ([row.key_pair_name for row in rows], page) == (EVERY[:10], (1, 10, MANY))
    rows, page = client.describe(page_number=12)
    assert ([row.key_pair_name for row in rows], page) == (EVERY[110:], (12, 10, MANY))


def test_pages_of_fifty_rows_make_the_whole_list(client):
    pages = [client.describe(page_number=number, page_size=50) for number in (1, 2, 3)]
    assert [page for _, page in pages] == [(number, 50, MANY) for number in (1, 2, 3)]
    assert [[row.key_pair_name for row in rows] for rows, _ in pages] == [EVERY[:50], EVERY[50:100], EVERY[100:]]


def test_a_page_beyond_the_end_is_empty_and_knows_the_total(client):
    assert client.describe(page_number=4, page_size=50) == ([], (4, 50, MANY))
    assert client.describe(page_number=1_000_000) == ([], (1_000_000, 10, MANY))


@pytest.mark.parametrize("page", [{"page_size": 51}, {"page_size": 0}, {"page_number": 0}, {"page_number": -1}])
def test_a_page_that_there_cannot_be_is_refused(client, page):
    with refused(400, "InvalidParameter"):
        client.describe(**page)


@pytest.mark.parametrize(
    "pattern, found",
    [
        ("pair-007", ["pair-007"]),
        ("PAIR-007", []),
        ("pair-00", []),
        ("pair-00*", EVERY[:10]),
        ("*-11*", EVERY[110:]),
        ("*7", EVERY[7::10]),
        ("*ir-00*", EVERY[:10]),
        ("*", EVERY),
        ("air*", []),
        ("pair_007", []),
        ("pair-%", []),
    ],
)
def test_a_name_is_exact_or_has_stars_at_its_ends(client, pattern, found):
    rows, page = client.describe(key_pair_name=pattern, page_size=50)
    assert ([row.key_pair_name for row in rows], page) == (found[:50], (1, 50, len(found)))


def test_a_fingerprint_is_found_with_colons_and_without(client, keys):
    thirds = EVERY[::3]
    plain = fingerprint(keys[0])
    colons = ":".join(plain[start : start + 2] for start in range(0, 32, 2))
    for each in (plain, colons):
        rows, page = client.describe(key_pair_finger_print=each, page_size=50)
        assert ([row.key_pair_name for row in rows], page[2]) == (thirds, 40)
        assert {row.key_pair_finger_print for row in rows} == {plain}
    assert client.describe(key_pair_finger_print="0" * 32) == ([], (1, 10, 0))


def test_tags_must_all_be_there(client):
    def found(tags, **other):
        return client.names(tag=client.tags("DescribeKeyPairs", tags), page_size=50, **other)

    assert found({"third": "True"}) == EVERY[::3]
    assert found({"third": "True", "parity": "odd"}) == EVERY[3::6]
    assert found({"third": "True", "number": "4"}) == []
    assert found({"number": "3"}, key_pair_name="pair-00*") == ["pair-003"]
    assert found({"Number": "3"}) == []


def test_a_group_has_its_own_list(client):
    rows, page = client.describe(resource_group_id="rg-one", page_size=50)
    assert ([row.key_pair_name for row in rows], page[2]) == (EVERY[::4], 30)
    assert {row.resource_group_id for row in rows} == {"rg-one"}
    assert client.describe(resource_group_id="rg-two") == ([], (1, 10, 0))


def test_the_public_key_is_shown_to_those_who_ask(client, keys):
    for asked, shown in [(None, None), (False, None), (True, keys[0])]:
        (row,), _ = client.describe(key_pair_name="pair-009", include_public_key=asked)
        assert row.public_key == shown
        assert tags_of(row) == SAME | {"parity": "odd", "third": "True", "number": "9"}


def listed_tags(client, **parameters):
    """Name, key and value of every tag on all pages, and how many pages there were."""
    tags, token = [], None
    for pages in range(1, 10):
        body = client.list_tag_resources(resource_type="keypair", next_token=token, **parameters)
        tags += [(each.resource_id, each.tag_key, each.tag_value) for each in body.tag_resources.tag_resource]
        token = body.next_token
        if not token:
            return tags, pages
    raise AssertionError("the pages do not end")


def test_tags_of_all_pairs_are_listed_to_the_end(client):
    tags, pages = listed_tags(client)
    assert [(name, key) for name, key, _ in tags] == [(name, key) for name in EVERY for key in KEYS]
    assert pages > 1


def test_tags_are_listed_of_the_pairs_that_have_some_of_them(client):
    def found(**filters):
        tags, _ = listed_tags(client, **filters)
        names = list(dict.fromkeys(name for name, _, _ in tags))
        assert [key for _, key, _ in tags] == KEYS * len(names), "all the tags of a pair are listed"
        return names

    assert found(tag=client.tags("ListTagResources", {"third": "True", "parity": "odd"})) == EVERY[3::6]
    assert found(tag=client.tags("ListTagResources", {"number": None}), resource_id=EVERY[:2]) == EVERY[:2]
    assert found(tag_filter=[ecs_models.ListTagResourcesRequestTagFilter(tag_key="number", tag_values=["3", "5"])]) == [
        "pair-003",
        "pair-005",
    ]
    assert found(tag=client.tags("ListTagResources", {"number": "none"})) == []
    with refused(400, "InvalidParameter.TagValue"):
        client.list_tag_resources(resource_type="keypair", tag=client.tags("ListTagResources", {None: "3"}))


def test_a_region_holds_500_pairs_of_a_project(tenant, keys):
    someone = tenant()

    def imported(name, region):
        return call(someone, "ImportKeyPair", {"RegionId": region, "KeyPairName": name, "PublicKeyBody": keys[0]})

    for number in range(500):
        assert imported(f"pair-{number}", REGION).status == 200
    assert refusal(imported("one-more", REGION)) == (403, "QuotaExceed.KeyPair")
    assert imported("one-more", "cn-hangzhou").status == 200
    assert call(someone, "DeleteKeyPairs", {"RegionId": REGION, "KeyPairNames": name_list("pair-7")}).status == 200
    assert imported("one-more", REGION).status == 200
