package postgres

// read is a query in two forms: as it is in a view, and in a transaction that
// writes, where the row is taken until its end: whoever reads it there does so
// in order to change it.
type read struct{ plain, locked statement }

func locking(query string) read { return read{sql(query), sql(query + ` FOR UPDATE`)} }

// lockingShared leaves the row to those that only keep it from being deleted
// (PostgreSQL documentation, "Row-Level Locks").
func lockingShared(query string) read { return read{sql(query), sql(query + ` FOR NO KEY UPDATE`)} }

// What proves a subject.
var (
	upsertSecret = sql(`
		INSERT INTO secret (site, bucket, id, kind, key, data, created, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (site, bucket, id, kind, key) DO UPDATE
		SET data = excluded.data, created = excluded.created, expires = excluded.expires`)
	deleteSecret = sql(`
		DELETE FROM secret WHERE site = ? AND bucket = ? AND id = ? AND kind = ? AND key = ?`)
	deleteSecrets = sql(`DELETE FROM secret WHERE site = ? AND bucket = ? AND id = ?`)
	selectSecret  = locking(`
		SELECT key, data, created, expires FROM secret
		WHERE site = ? AND bucket = ? AND id = ? AND kind = ? AND key = ?`)
	selectSecrets = locking(`
		SELECT key, data, created, expires FROM secret
		WHERE site = ? AND bucket = ? AND id = ? AND kind = ? ORDER BY key`)

	upsertSession = sql(`
		INSERT INTO session (site, bucket, subject, id, restriction, created, expires, generation)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (site, bucket, subject, id) DO UPDATE
		SET restriction = excluded.restriction, created = excluded.created,
			expires = excluded.expires, generation = excluded.generation`)
	deleteSession = sql(`
		DELETE FROM session WHERE site = ? AND bucket = ? AND subject = ? AND id = ?`)
	deleteSessions = sql(`DELETE FROM session WHERE site = ? AND bucket = ? AND subject = ?`)
	selectSession  = lockingShared(`
		SELECT id, restriction, created, expires, generation FROM session
		WHERE site = ? AND bucket = ? AND subject = ? AND id = ?`)
	holdSession = sql(`
		SELECT id, restriction, created, expires, generation FROM session
		WHERE site = ? AND bucket = ? AND subject = ? AND id = ? FOR KEY SHARE`)
	selectSessions = lockingShared(`
		SELECT id, restriction, created, expires, generation FROM session
		WHERE site = ? AND bucket = ? AND subject = ? ORDER BY id`)

	// A ticket that is put again may pass to another subject: the row that it
	// had goes, and the name finds the new one.
	moveTicket = sql(`
		WITH n AS (
			SELECT home, id FROM name
			WHERE site = $1 AND bucket = $2 AND owner = ` + none + ` AND space = $3 AND value = $4 FOR UPDATE)
		DELETE FROM ticket t USING n
		WHERE t.site = $1 AND t.bucket = n.home AND t.subject = n.id AND t.digest = $4 AND t.subject <> $5`)
	upsertTicketName = sql(`
		INSERT INTO name (site, bucket, owner, space, value, home, id) VALUES (?, ?, ` + none + `, ?, ?, ?, ?)
		ON CONFLICT (site, bucket, owner, space, value) DO UPDATE SET home = excluded.home, id = excluded.id`)
	upsertTicket = sql(`
		INSERT INTO ticket (site, bucket, subject, digest, kind, data, uses, created, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (site, bucket, subject, digest) DO UPDATE
		SET kind = excluded.kind, data = excluded.data, uses = excluded.uses,
			created = excluded.created, expires = excluded.expires`)
	dropTicket = sql(`
		WITH n AS (
			DELETE FROM name
			WHERE site = $1 AND bucket = $2 AND owner = ` + none + ` AND space = $3 AND value = $4 RETURNING home, id)
		DELETE FROM ticket t USING n
		WHERE t.site = $1 AND t.bucket = n.home AND t.subject = n.id AND t.digest = $4`)
	deleteTickets = sql(`DELETE FROM ticket WHERE site = ? AND bucket = ? AND subject = ?`)
	selectTicket  = locking(`
		SELECT t.subject, t.kind, t.data, t.uses, t.created, t.expires FROM name n
		JOIN ticket t ON t.site = n.site AND t.bucket = n.home AND t.subject = n.id AND t.digest = n.value
		WHERE n.site = ? AND n.bucket = ? AND n.owner = ` + none + ` AND n.space = ? AND n.value = ?`)
	selectTickets   = sql(`SELECT digest FROM ticket WHERE site = ? AND bucket = ? AND subject = ?`)
	selectTicketsOf = locking(`
		SELECT digest, data, uses, created, expires FROM ticket
		WHERE site = ? AND bucket = ? AND subject = ? AND kind = ? ORDER BY digest`)
	selectTicketsByTime = sql(`
		SELECT digest, data, uses, created, expires FROM ticket
		WHERE site = ? AND bucket = ? AND subject = ? AND kind = ? AND (created, digest) < (?, ?)
		ORDER BY created DESC, digest DESC LIMIT ?`)

	upsertAttempts = sql(`
		INSERT INTO attempt (site, bucket, subject, kind, count, since, until)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (site, bucket, subject, kind) DO UPDATE
		SET count = excluded.count, since = excluded.since, until = excluded.until`)
	deleteAttempts = sql(`DELETE FROM attempt WHERE site = ? AND bucket = ? AND subject = ?`)
	selectAttempts = sql(`
		SELECT count, since, until FROM attempt
		WHERE site = ? AND bucket = ? AND subject = ? AND kind = ?`)

	insertAnswer = sql(`
		INSERT INTO idempotency (site, bucket, subject, key, request, about, status, answer, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	selectAnswer = sql(`
		SELECT request, about, status, answer, expires FROM idempotency
		WHERE site = ? AND bucket = ? AND subject = ? AND key = ?`)
	deleteAnswers      = sql(`DELETE FROM idempotency WHERE site = ? AND bucket = ? AND subject = ?`)
	deleteExpired      = sql(`DELETE FROM idempotency WHERE site = ? AND bucket = ? AND subject = ? AND expires <= ?`)
	selectAnswersAbout = sql(`
		SELECT bucket, subject, key FROM idempotency WHERE site = ? AND about = ? AND about <> ` + none)
	deleteAnswer = sql(`DELETE FROM idempotency WHERE site = ? AND bucket = ? AND subject = ? AND key = ?`)
)

// Files, and who uses them for what: one row seen from the user, one from the
// file.
var (
	insertBlob = sql(`
		INSERT INTO blob (site, bucket, key, media, size, meta, created) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`)
	deleteBlob = sql(`DELETE FROM blob WHERE site = ? AND bucket = ? AND key = ?`)
	selectBlob = locking(`
		SELECT media, size, meta, created FROM blob WHERE site = ? AND bucket = ? AND key = ?`)
	upsertUse = sql(`
		INSERT INTO blob_use (site, bucket, id, slot, key, created) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (site, bucket, id, slot) DO UPDATE SET key = excluded.key, created = excluded.created`)
	deleteUse      = sql(`DELETE FROM blob_use WHERE site = ? AND bucket = ? AND id = ? AND slot = ?`)
	readUses       = sql(`SELECT slot, key FROM blob_use WHERE site = ? AND bucket = ? AND id = ?`)
	selectUses     = sql(`SELECT slot, key FROM blob_use WHERE site = ? AND bucket = ? AND id = ? FOR UPDATE`)
	selectUse      = sql(`SELECT key FROM blob_use WHERE site = ? AND bucket = ? AND id = ? AND slot = ? FOR UPDATE`)
	insertBlobUser = sql(`
		INSERT INTO blob_user (site, bucket, key, id, slot) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`)
	deleteBlobUser = sql(`
		DELETE FROM blob_user WHERE site = ? AND bucket = ? AND key = ? AND id = ? AND slot = ?`)
	selectBlobUser = sql(`SELECT 1::bigint FROM blob_user WHERE site = ? AND bucket = ? AND key = ? LIMIT 1`)
)

// Jobs.
var (
	countTried = sql(`
		SELECT count(*) FROM (SELECT 1 FROM job WHERE site = ? AND tries >= ? LIMIT ?) AS few`)
	insertJob = sql(`
		INSERT INTO job (site, bucket, id, subject, kind, body, due, tries, created, lane)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	leaseJobs = sql(`
		WITH found AS (
			SELECT site, bucket, id, due FROM job WHERE lane = ? AND due <= ? ORDER BY due LIMIT ? FOR UPDATE SKIP LOCKED)
		UPDATE job j SET due = ? FROM found f
		WHERE j.site = f.site AND j.bucket = f.bucket AND j.id = f.id
		RETURNING j.site, j.id, j.subject, j.kind, j.body, f.due, j.tries, j.created, j.lane`)
	updateJob = sql(`
		UPDATE job SET lane = ?, kind = ?, body = ?, due = ?, tries = ?
		WHERE site = ? AND bucket = ? AND id = ? RETURNING id`)
	selectJob = locking(`
		SELECT site, id, subject, kind, body, due, tries, created, lane FROM job
		WHERE site = ? AND bucket = ? AND id = ? AND subject = ?`)
	selectJobsOf = sql(`
		SELECT site, id, subject, kind, body, due, tries, created, lane FROM job
		WHERE site = ? AND bucket = ? AND subject = ? AND lane = ? AND id > ? ORDER BY id LIMIT ?`)
	countJobs = sql(`SELECT count(*) FROM job WHERE site = ? AND bucket = ? AND subject = ? AND lane = ?`)
	retryJob  = sql(`
		UPDATE job SET due = ?, tries = tries + 1 WHERE site = ? AND bucket = ? AND id = ?`)
	deleteJob  = sql(`DELETE FROM job WHERE site = ? AND bucket = ? AND id = ?`)
	deleteJobs = sql(`DELETE FROM job WHERE site = ? AND bucket = ? AND subject = ?`)
)

// Events.
var (
	// Another process may have begun a new epoch since this one read it.
	insertEvent = sql(`
		INSERT INTO event (site, epoch, tx, seq, bucket, at, actor, subject, kind, paths, version)
		VALUES ($1, (SELECT greatest(value, $2) FROM meta WHERE key = 'epoch'), pg_current_xact_id()::text::bigint,
			$3, $4, $5, $6, $7, $8, $9, $10)`)
	insertBody = sql(`
		INSERT INTO event_body (site, bucket, subject, epoch, tx, seq, version, at, actor, kind, replaced)
		VALUES ($1, $2, $3, (SELECT greatest(value, $4) FROM meta WHERE key = 'epoch'), pg_current_xact_id()::text::bigint,
			$5, $6, $7, $8, $9, $10)`)
	insertEventApart = sql(`
		INSERT INTO event (site, epoch, tx, seq, bucket, at, actor, subject, kind, paths, version)
		VALUES (?, ?, pg_current_xact_id()::text::bigint, ?, ?, ?, ?, ?, ?, ?, ?)`)
	insertBodyApart = sql(`
		INSERT INTO event_body (site, bucket, subject, epoch, tx, seq, version, at, actor, kind, replaced)
		VALUES (?, ?, ?, ?, pg_current_xact_id()::text::bigint, ?, ?, ?, ?, ?, ?)`)
	deleteBodies   = sql(`DELETE FROM event_body WHERE site = ? AND bucket = ? AND subject = ?`)
	selectReplaced = sql(`
		SELECT epoch, tx, seq, replaced FROM event_body
		WHERE site = ? AND bucket = ? AND subject = ? AND replaced <> ''`)
	updateReplaced = sql(`
		UPDATE event_body SET replaced = ?
		WHERE site = ? AND bucket = ? AND subject = ? AND epoch = ? AND tx = ? AND seq = ?`)
	// What a transaction that still runs may come before is not shown yet.
	selectEvents = sql(`
		SELECT epoch, tx, seq, at, actor, subject, kind, paths, version FROM event
		WHERE site = ? AND (epoch, tx, seq) > (?, ?, ?)
			AND (epoch < ? OR tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
		ORDER BY epoch, tx, seq LIMIT ?`)
	selectNewest = sql(`
		SELECT epoch, tx, seq FROM event
		WHERE site = ? AND (epoch < ? OR tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
		ORDER BY epoch DESC, tx DESC, seq DESC LIMIT 1`)
	deleteEvents = sql(`DELETE FROM event WHERE site = ? AND (epoch, tx, seq) <= (?, ?, ?)`)
	// What replaced was is gone: the body only tells when the state began that
	// is the first to stay.
	emptyBody = sql(`
		UPDATE event_body SET replaced = '' WHERE site = ? AND bucket = ? AND subject = ? AND epoch = ? AND tx = ? AND seq = ?`)
	deleteOldBodies = sql(`
		DELETE FROM event_body WHERE site = ? AND bucket = ? AND subject = ? AND (epoch, tx, seq) <= (?, ?, ?)
			AND (version = 0 OR (epoch, tx, seq) < (?, ?, ?))`)
	upsertMark = sql(`
		INSERT INTO mark (site, bucket, subject, name, place) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (site, bucket, subject, name) DO UPDATE SET place = excluded.place`)
	selectMark   = locking(`SELECT place FROM mark WHERE site = ? AND bucket = ? AND subject = ? AND name = ?`)
	deleteMarks  = sql(`DELETE FROM mark WHERE site = ? AND bucket = ? AND subject = ?`)
	selectBodies = sql(`
		SELECT version, at, actor, kind, replaced FROM event_body
		WHERE site = ? AND bucket = ? AND subject = ? AND version > 0
		ORDER BY epoch DESC, tx DESC, seq DESC`)
)
