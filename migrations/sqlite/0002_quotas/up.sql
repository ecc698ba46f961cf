-- Limits that were set; where there is no row, the next one holds: a user's in a project, the project's, the class's.
-- subject: p:<project id> | c:<class>; user_id: empty for what holds for the project or class itself; hard_limit: -1 is none
CREATE TABLE quotas (
    region TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    hard_limit INT8 NOT NULL,
    PRIMARY KEY (region, subject, user_id, resource)
);
