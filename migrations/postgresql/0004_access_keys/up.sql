-- Keys that requests are signed with. The secret's 32 bytes are wrapped by the master key that kek_name and kek_version
-- name. security_token: SHA-256; a key that has one is temporary.
CREATE TABLE access_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    enabled BOOL NOT NULL,
    kek_name TEXT COLLATE "C" NOT NULL,
    kek_version INT4 NOT NULL,
    wrapped_secret BYTEA NOT NULL,
    security_token BYTEA,
    created_at INT8 NOT NULL,
    expires_at INT8
);
CREATE INDEX access_keys_user ON access_keys (user_id);
CREATE INDEX access_keys_project ON access_keys (project_id);
CREATE INDEX access_keys_kek ON access_keys (kek_name, kek_version);
