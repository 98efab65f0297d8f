-- The documents of an app, found by its number: they carried it only among
-- their owner's names.
INSERT INTO attribute (site, type, path, value, number, bucket, id)
SELECT n.site, '$document', 'app', n.value, r.number, n.home, n.id
FROM name n JOIN record r ON r.site = n.site AND r.bucket = n.home AND r.id = n.id
WHERE n.space = 'document'
ON CONFLICT DO NOTHING;

-- Who was erased, the latest first. Without bucket: the list is of the site.
CREATE INDEX tombstone_time ON tombstone (site, type, at, id);
