-- The records of one value by their numbers, so that a page of them, and what
-- several conditions have in common, is read without the rest.
CREATE TABLE attribute_numbered (
  site   INTEGER NOT NULL,
  type   TEXT    NOT NULL,
  path   TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  number INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  id     BLOB    NOT NULL,
  PRIMARY KEY (site, type, path, value, number, bucket, id)
) WITHOUT ROWID;

INSERT INTO attribute_numbered (site, type, path, value, number, bucket, id)
SELECT a.site, a.type, a.path, a.value, r.number, a.bucket, a.id FROM attribute a
CROSS JOIN record r ON r.site = a.site AND r.bucket = a.bucket AND r.id = a.id;

DROP TABLE attribute;
ALTER TABLE attribute_numbered RENAME TO attribute;
