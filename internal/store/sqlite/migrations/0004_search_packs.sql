-- What a search looks through when the first names in order do not have the
-- term: the search rows once more, in packs of about a page, so that it reads
-- pages and not rows. pack: the site's number in the upper half, then the
-- pack's. An entry is type, id in hex, sort name and text, with a NUL before
-- each, which no text contains. A search row names its pack.
CREATE TABLE search_pack (
  pack    INTEGER PRIMARY KEY,
  entries BLOB NOT NULL
);
ALTER TABLE search ADD COLUMN pack INTEGER NOT NULL DEFAULT 0;

UPDATE search SET pack = placed.pack FROM (
  SELECT site, type, sort, id, bucket,
    (site << 32) + (row_number() OVER (PARTITION BY site ORDER BY type, sort, id) - 1) / 32 + 1 AS pack
  FROM search) AS placed
WHERE search.site = placed.site AND search.type = placed.type AND search.sort = placed.sort
  AND search.id = placed.id AND search.bucket = placed.bucket;

INSERT INTO search_pack (pack, entries)
SELECT pack, unhex(group_concat('00' || hex(type) || '00' || hex(lower(hex(id))) || '00' || hex(sort) || '00' || hex(text), ''))
FROM search GROUP BY pack;
