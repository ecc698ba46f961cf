-- What Alibaba's clients sort key pairs by. A key pair without a group is in the default one.
ALTER TABLE key_pairs ADD COLUMN resource_group_id TEXT COLLATE "C";

CREATE TABLE key_pair_tags (
    region TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    key_pair_id BYTEA NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (region, owner, key_pair_id, key),
    FOREIGN KEY (region, owner, key_pair_id) REFERENCES key_pairs (region, owner, id) ON DELETE CASCADE
);
