-- What each migration says of the versions of the program that do not know it: those whose newest migration is no older than
-- serves_from may go on serving. Every migration adds its row; migrations/README.md says how to choose it.
CREATE TABLE schema_compatibility (
    migration TEXT NOT NULL PRIMARY KEY,
    serves_from TEXT NOT NULL
);

INSERT INTO schema_compatibility (migration, serves_from) VALUES ('0008', '0008');
