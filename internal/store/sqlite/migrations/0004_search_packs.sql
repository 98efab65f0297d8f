-- What a search looks through when the first names in order do not have the
-- term: the search rows once more, in packs of about a page, so that it reads
-- pages and not rows. pack: the site's number in the upper half, then the
-- pack's. texts: each with a NUL, which no text contains, before it. heads: in
-- the same order type, NUL, id, sort name, NUL. A search row names its pack.
CREATE TABLE search_pack (
  pack  INTEGER PRIMARY KEY,
  texts BLOB NOT NULL,
  heads BLOB NOT NULL
);
ALTER TABLE search ADD COLUMN pack INTEGER NOT NULL DEFAULT 0;

UPDATE search SET pack = placed.pack FROM (
  SELECT site, type, sort, id, bucket,
    (site << 32) + (row_number() OVER (PARTITION BY site ORDER BY type, sort, id) - 1) / 32 + 1 AS pack
  FROM search) AS placed
WHERE search.site = placed.site AND search.type = placed.type AND search.sort = placed.sort
  AND search.id = placed.id AND search.bucket = placed.bucket;

INSERT INTO search_pack (pack, texts, heads)
SELECT pack, unhex(group_concat('00' || hex(text), '')), unhex(group_concat(hex(type) || '00' || hex(id) || hex(sort) || '00', ''))
FROM (SELECT pack, type, id, sort, text FROM search ORDER BY pack, type, sort, id) GROUP BY pack;
