-- Keys that requests are signed with. The secret's 32 bytes are wrapped by the master key that kek_name and kek_version
-- name. security_token: SHA-256; a key that has one is temporary.
CREATE TABLE access_keys (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    enabled BOOL NOT NULL,
    kek_name TEXT NOT NULL,
    kek_version INT4 NOT NULL,
    wrapped_secret BLOB NOT NULL,
    security_token BLOB,
    created_at INT8 NOT NULL,
    expires_at INT8
);
CREATE INDEX access_keys_user ON access_keys (user_id);
CREATE INDEX access_keys_project ON access_keys (project_id);
CREATE INDEX access_keys_kek ON access_keys (kek_name, kek_version);
