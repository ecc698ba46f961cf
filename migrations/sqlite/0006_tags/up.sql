-- What Alibaba's clients sort key pairs by. A key pair without a group is in the default one.
ALTER TABLE key_pairs ADD COLUMN resource_group_id TEXT;

CREATE TABLE key_pair_tags (
    region TEXT NOT NULL,
    owner TEXT NOT NULL,
    key_pair_id BLOB NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (region, owner, key_pair_id, key),
    FOREIGN KEY (region, owner, key_pair_id) REFERENCES key_pairs (region, owner, id) ON DELETE CASCADE
);
