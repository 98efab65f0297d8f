-- Keys begin with what grows, so that rows written together lie together: a
-- name by space and value (numbers, and slugs made of numbers, grow), a record
-- by its id (which begins with a time). With bucket first every row of a bulk
-- creation fell on another page. bucket stays in every key: it follows from the
-- rest of it.
CREATE TABLE name_ordered (
  site   INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  owner  BLOB    NOT NULL,
  space  TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  home   INTEGER NOT NULL,
  id     BLOB    NOT NULL,
  PRIMARY KEY (site, owner, space, value, bucket)
) WITHOUT ROWID;

INSERT INTO name_ordered (site, bucket, owner, space, value, home, id)
SELECT site, bucket, owner, space, value, home, id FROM name
ORDER BY site, owner, space, value, bucket;

DROP TABLE name;
ALTER TABLE name_ordered RENAME TO name;

CREATE TABLE record_ordered (
  site     INTEGER NOT NULL,
  bucket   INTEGER NOT NULL,
  id       BLOB    NOT NULL,
  type     TEXT    NOT NULL,
  number   INTEGER NOT NULL,
  owner    BLOB    NOT NULL,
  creator  BLOB    NOT NULL,
  attrs    TEXT    NOT NULL,
  extras   TEXT    NOT NULL,
  names    TEXT    NOT NULL,
  sort     TEXT    NOT NULL,
  state    TEXT    NOT NULL,
  password TEXT    NOT NULL,
  version  INTEGER NOT NULL,
  created  INTEGER NOT NULL,
  updated  INTEGER NOT NULL,
  login    INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (site, id, bucket)
);

INSERT INTO record_ordered (site, bucket, id, type, number, owner, creator, attrs, extras, names,
  sort, state, password, version, created, updated, login)
SELECT site, bucket, id, type, number, owner, creator, attrs, extras, names,
  sort, state, password, version, created, updated, login FROM record ORDER BY rowid;

DROP TABLE record;
ALTER TABLE record_ordered RENAME TO record;
CREATE INDEX record_number ON record (site, type, number);
CREATE INDEX record_owner ON record (site, owner, type, number) WHERE owner <> x'';
