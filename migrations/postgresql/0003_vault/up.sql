-- The KMS alias that stood for the key-encryption key when it wrapped; none for master keys.
ALTER TABLE sealed_private_keys ADD COLUMN kek_alias TEXT;

-- How many private keys a key-encryption key protects, and by which suite, is counted in the index alone.
DROP INDEX sealed_private_keys_kek;
CREATE INDEX sealed_private_keys_kek ON sealed_private_keys (kek_provider, kek_name, kek_version, suite);

-- The head of the owner's chain in the release ledger: how many records it has, and the last one's hash.
ALTER TABLE owners ADD COLUMN ledger_seq INT8 NOT NULL DEFAULT 0;
ALTER TABLE owners ADD COLUMN ledger_head BYTEA;

-- What became of private keys, and who asked. owner: also o:operator, for what is done to all of them.
-- record: a JSON object; hash: SHA-256 of the hash before it, the key columns and the record. Records outlive their key pairs.
CREATE TABLE ledger (
    region TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    seq INT8 NOT NULL,
    record TEXT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (region, owner, seq)
);

-- Now and then the heads of all chains that have grown are signed; each checkpoint holds the one before it.
CREATE TABLE ledger_checkpoints (
    seq INT8 NOT NULL PRIMARY KEY,
    at INT8 NOT NULL,
    heads INT8 NOT NULL,
    hash BYTEA NOT NULL,
    key_name TEXT NOT NULL,
    key_version INT4 NOT NULL,
    public_key BYTEA NOT NULL,
    signature BYTEA NOT NULL
);

CREATE TABLE ledger_checkpoint_heads (
    checkpoint INT8 NOT NULL REFERENCES ledger_checkpoints (seq),
    region TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    seq INT8 NOT NULL,
    head BYTEA NOT NULL,
    PRIMARY KEY (checkpoint, region, owner)
);
CREATE INDEX ledger_checkpoint_heads_owner ON ledger_checkpoint_heads (region, owner, seq);
