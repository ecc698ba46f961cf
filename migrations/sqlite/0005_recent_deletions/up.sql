-- Deletions of users' key pairs whose projects had one of the same name: a request that is sent again is not to take that one.
-- over_at: from when on the row means nothing.
CREATE TABLE recent_deletions (
    region TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    over_at INT8 NOT NULL,
    PRIMARY KEY (region, owner, name)
);
