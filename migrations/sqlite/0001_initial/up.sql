-- Text is compared and sorted by bytes (SQLite's BINARY collation), as on PostgreSQL with COLLATE "C".
-- (region, owner) leads every key of a key pair table: it is the shard key. Times are microseconds since 1970, UTC.

CREATE TABLE instance (
    id BLOB NOT NULL PRIMARY KEY,
    created_at INT8 NOT NULL
);

CREATE TABLE owners (
    region TEXT NOT NULL,
    owner TEXT NOT NULL,
    key_pairs INT8 NOT NULL,
    PRIMARY KEY (region, owner)
);

CREATE TABLE key_pairs (
    region TEXT NOT NULL,
    owner TEXT NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    project_id TEXT,
    kind TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    public_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    fingerprint_sha256 TEXT NOT NULL,
    description TEXT NOT NULL,
    has_private_key BOOL NOT NULL,
    created_at INT8 NOT NULL,
    updated_at INT8,
    PRIMARY KEY (region, owner, id),
    UNIQUE (region, owner, name)
);

CREATE TABLE sealed_private_keys (
    region TEXT NOT NULL,
    owner TEXT NOT NULL,
    key_pair_id BLOB NOT NULL,
    suite INT4 NOT NULL,
    kek_provider TEXT NOT NULL,
    kek_name TEXT NOT NULL,
    kek_version INT4 NOT NULL,
    wrapped_data_key BLOB NOT NULL,
    salt BLOB NOT NULL,
    commitment BLOB NOT NULL,
    nonce BLOB NOT NULL,
    ciphertext BLOB NOT NULL,
    PRIMARY KEY (region, owner, key_pair_id),
    FOREIGN KEY (region, owner, key_pair_id) REFERENCES key_pairs (region, owner, id) ON DELETE CASCADE
);
CREATE INDEX sealed_private_keys_kek ON sealed_private_keys (kek_provider, kek_name, kek_version);

CREATE TABLE master_key_checks (
    kek_provider TEXT NOT NULL,
    kek_name TEXT NOT NULL,
    kek_version INT4 NOT NULL,
    check_value BLOB NOT NULL,
    created_at INT8 NOT NULL,
    PRIMARY KEY (kek_provider, kek_name, kek_version)
);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    enabled BOOL NOT NULL,
    created_at INT8 NOT NULL
);

CREATE TABLE projects (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    enabled BOOL NOT NULL,
    created_at INT8 NOT NULL
);

-- target: p:<project id> | domain | system
CREATE TABLE grants (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (user_id, target, role)
);
CREATE INDEX grants_target ON grants (target);

-- hash: SHA-256 of the token; scope: p:<project id> | d:<domain id> | system | unscoped; methods, audit_ids: JSON arrays
CREATE TABLE tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    methods TEXT NOT NULL,
    audit_ids TEXT NOT NULL,
    issued_at INT8 NOT NULL,
    expires_at INT8 NOT NULL
);
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_scope ON tokens (scope);
CREATE INDEX tokens_expires_at ON tokens (expires_at);
