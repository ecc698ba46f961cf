-- Key pairs that users have deleted and that might hide one of their project's by the same name, which a request that is sent
-- again is not to take.
CREATE TABLE recent_deletions (
    region TEXT NOT NULL,
    owner TEXT NOT NULL,
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    deleted_at INT8 NOT NULL,
    PRIMARY KEY (region, owner, project_id, name)
);
