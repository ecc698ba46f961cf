-- Key pairs that users have deleted and that might hide one of their project's by the same name, which a request that is sent
-- again is not to take.
CREATE TABLE recent_deletions (
    region TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    project_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    deleted_at INT8 NOT NULL,
    PRIMARY KEY (region, owner, project_id, name)
);
