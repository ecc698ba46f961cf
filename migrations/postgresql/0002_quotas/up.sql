-- Limits that were set; where there is no row, the next one holds: a user's in a project, the project's, the class's.
-- subject: p:<project id> | c:<class>; user_id: empty for what holds for the project or class itself; hard_limit: -1 is none
CREATE TABLE quotas (
    region TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    hard_limit INT8 NOT NULL,
    PRIMARY KEY (region, subject, user_id, resource)
);
