"""The calls of KPS V3 in Huawei's Python SDK, without what it wants wrapped around each name."""

from huaweicloudsdkkps import v3

DEFAULT = v3.Encryption(type="default")


def create(client, name, **members):
    body = v3.CreateKeypairRequestBody(keypair=v3.CreateKeypairAction(name=name, **members))
    return client.create_keypair(v3.CreateKeypairRequest(body=body)).keypair


def create_kept(client, name, encryption=DEFAULT, **members):
    """Has the private key kept: the generated one, or that in `members`."""
    protection = v3.KeyProtection(encryption=encryption, private_key=members.pop("private_key", None))
    return create(client, name, key_protection=protection, **members)


def listed(client, **page):
    """The names of a page, and what it says of itself."""
    answer = client.list_keypairs(v3.ListKeypairsRequest(**page))
    return [each.keypair.name for each in answer.keypairs], answer.page_info


def detail(client, name):
    return client.list_keypair_detail(v3.ListKeypairDetailRequest(keypair_name=name)).keypair


def describe(client, name, description):
    body = v3.UpdateKeypairDescriptionRequestBody(keypair=v3.UpdateKeypairDescriptionReq(description=description))
    return client.update_keypair_description(v3.UpdateKeypairDescriptionRequest(keypair_name=name, body=body))


def delete(client, name):
    return client.delete_keypair(v3.DeleteKeypairRequest(keypair_name=name))


def export(client, name):
    body = v3.ExportPrivateKeyRequestBody(keypair=v3.ExportPrivateKeyKeypairBean(name=name))
    return client.export_private_key(v3.ExportPrivateKeyRequest(body=body)).keypair


def import_private_key(client, name, private_key, encryption=DEFAULT):
    protection = v3.ImportPrivateKeyProtection(private_key=private_key, encryption=encryption)
    keypair = v3.ImportPrivateKeyKeypairBean(name=name, key_protection=protection)
    body = v3.ImportPrivateKeyRequestBody(keypair=keypair)
    return client.import_private_key(v3.ImportPrivateKeyRequest(body=body)).keypair


def clear(client, name):
    return client.clear_private_key(v3.ClearPrivateKeyRequest(keypair_name=name))


def batch_import(client, keypairs):
    """Each of `keypairs` the members of one."""
    body = [v3.CreateKeypairRequestBody(keypair=v3.CreateKeypairAction(**members)) for members in keypairs]
    return client.batch_import_keypair(v3.BatchImportKeypairRequest(body=body))


def batch_export(client, names):
    """The bytes that came. The SDK's model holds them as text, which a zip isn't."""
    body = [v3.Keypairs(keypair=v3.Keypair(name=name)) for name in names]
    return client.batch_export_private_key(v3.BatchExportPrivateKeyRequest(body=body)).raw_content
