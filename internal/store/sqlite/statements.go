package sqlite

import (
	"fmt"
	"strings"
)

// statement names one of the SQL texts below; each connection prepares those
// it uses once.
type statement int

var statements []string

func sql(text string) statement {
	statements = append(statements, strings.TrimSpace(text))
	return statement(len(statements) - 1)
}

// Transactions. Readers begin deferred: the snapshot is taken at the first read.
var (
	beginWrite    = sql(`BEGIN IMMEDIATE`)
	beginRead     = sql(`BEGIN DEFERRED`)
	commit        = sql(`COMMIT`)
	rollback      = sql(`ROLLBACK`)
	savepoint     = sql(`SAVEPOINT caller`)
	release       = sql(`RELEASE caller`)
	rollbackTo    = sql(`ROLLBACK TO caller`)
	selectSize    = sql(`SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`)
	selectMeta    = sql(`SELECT value FROM meta WHERE key = ?`)
	updateTx      = sql(`UPDATE meta SET value = ? WHERE key = 'tx'`)
	selectNumbers = sql(`SELECT next FROM sequence WHERE site = ? AND bucket = 0 AND name = 'number'`)
	upsertNumbers = sql(`
		INSERT INTO sequence (site, bucket, name, next) VALUES (?, 0, 'number', ?)
		ON CONFLICT DO UPDATE SET next = excluded.next`)
	selectAge = sql(`SELECT next FROM sequence WHERE site = ? AND bucket = 0 AND name = 'age'`)
	raiseAge  = sql(`
		INSERT INTO sequence (site, bucket, name, next) VALUES (?, 0, 'age', 1)
		ON CONFLICT DO UPDATE SET next = next + 1`)
)

// Sites and hosts.
var (
	insertSite = sql(`
		INSERT INTO site (name, domain, policy, is_default, created) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING RETURNING site`)
	updateSite  = sql(`UPDATE site SET policy = ?, is_default = ? WHERE site = ?`)
	selectSites = sql(`
		SELECT site, name, domain, policy, is_default, created FROM site ORDER BY site`)
	selectSiteTaken = sql(`
		SELECT name = ?, domain = ?, is_default = 1 AND ? = 1 FROM site
		WHERE (name = ? OR domain = ? OR (is_default = 1 AND ? = 1)) AND site <> ?`)
	selectSite = sql(`
		SELECT site, name, domain, policy, is_default, created FROM site WHERE site = ?`)
	selectHosts = sql(`SELECT host FROM host WHERE site = ? AND id = x'' ORDER BY host`)
	insertHost  = sql(`INSERT INTO host (host, site) VALUES (?, ?) ON CONFLICT DO NOTHING`)
	deleteHosts = sql(`DELETE FROM host WHERE site = ? AND id = x''`)

	selectDomainElsewhere = sql(`SELECT 1 FROM site WHERE domain = ? AND site <> ?`)
	selectHostUnder       = sql(`
		SELECT 1 FROM host WHERE id <> x'' AND (host = ? OR substr(host, -length(?) - 1) = '.' || ?) LIMIT 1`)
	selectIdentityAt = sql(`SELECT site, id FROM host WHERE host = ? AND id <> x''`)
	insertHostOf     = sql(`INSERT INTO host (host, site, bucket, id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`)
	deleteHostOf     = sql(`DELETE FROM host WHERE host = ? AND site = ? AND id <> x''`)
)

// recordColumns is what scanRecord reads.
const recordColumns = `
	r.id, r.bucket, r.type, r.number, r.owner, r.creator, r.attrs, r.extras, r.names,
	r.sort, r.state, r.password, r.version, r.created, r.updated, r.login`

// briefColumns is what scanBrief reads: what filters, orders and entities look at.
const briefColumns = `
	r.id, r.number, r.attrs, r.password, r.created, r.updated`

// Records.
var (
	insertRecord = sql(`
		INSERT INTO record (site, bucket, id, type, number, owner, creator, attrs, extras, names,
			sort, state, password, version, created, updated, login)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`)
	updateRecord = sql(`
		UPDATE record SET owner = ?, creator = ?, attrs = ?, extras = ?, names = ?, sort = ?,
			state = ?, password = ?, version = ?, updated = ?
		WHERE site = ? AND bucket = ? AND id = ? AND version = ? AND names = ?`)
	deleteRecord  = sql(`DELETE FROM record WHERE site = ? AND bucket = ? AND id = ? AND version = ? AND names = ?`)
	updateLogin   = sql(`UPDATE record SET login = ? WHERE site = ? AND bucket = ? AND id = ?`)
	selectVersion = sql(`SELECT version FROM record WHERE site = ? AND bucket = ? AND id = ?`)
	selectNamed   = sql(`SELECT version, names FROM record WHERE site = ? AND bucket = ? AND id = ?`)
	selectRecord  = sql(`
		SELECT` + recordColumns + ` FROM record r WHERE r.site = ? AND r.bucket = ? AND r.id = ?`)
	selectByName = sql(`
		SELECT` + recordColumns + ` FROM name n
		CROSS JOIN record r ON r.site = n.site AND r.bucket = n.home AND r.id = n.id
		WHERE n.site = ? AND n.bucket = ? AND n.owner = ? AND n.space = ? AND n.value = ?`)
	selectByNumber = sql(`
		SELECT` + recordColumns + ` FROM record r
		WHERE r.site = ? AND r.type = ? AND r.number BETWEEN ? AND ? ORDER BY r.number`)
	selectByNumberDown = sql(`
		SELECT` + recordColumns + ` FROM record r
		WHERE r.site = ? AND r.type = ? AND r.number BETWEEN ? AND ? ORDER BY r.number DESC`)
	selectBrief = sql(`
		SELECT` + briefColumns + ` FROM record r
		WHERE r.site = ? AND r.type = ? AND r.number BETWEEN ? AND ? ORDER BY r.number`)
	selectBriefDown = sql(`
		SELECT` + briefColumns + ` FROM record r
		WHERE r.site = ? AND r.type = ? AND r.number BETWEEN ? AND ? ORDER BY r.number DESC`)
	selectNumberAt = sql(`
		SELECT number FROM record WHERE site = ? AND type = ? AND number BETWEEN ? AND ?
		ORDER BY number LIMIT 1 OFFSET ?`)
	selectNumberAtDown = sql(`
		SELECT number FROM record WHERE site = ? AND type = ? AND number BETWEEN ? AND ?
		ORDER BY number DESC LIMIT 1 OFFSET ?`)
	countNumbers = sql(`
		SELECT count(*) FROM record WHERE site = ? AND type = ? AND number BETWEEN ? AND ?`)
	selectOwned = sql(`
		SELECT` + recordColumns + ` FROM record r
		WHERE r.site = ? AND r.owner = ? AND r.owner <> x'' AND r.type = ? AND r.number > ?
		ORDER BY r.number LIMIT ?`)
	selectOwnedDown = sql(`
		SELECT` + recordColumns + ` FROM record r
		WHERE r.site = ? AND r.owner = ? AND r.owner <> x'' AND r.type = ? AND r.number < ?
		ORDER BY r.number DESC LIMIT ?`)
	selectAllOwned = sql(`
		SELECT` + recordColumns + ` FROM record r
		WHERE r.site = ? AND r.owner = ? AND r.owner <> x''`)
	countRecords    = sql(`SELECT count(*) FROM record WHERE site = ? AND type = ?`)
	insertTombstone = sql(`
		INSERT INTO tombstone (site, bucket, id, type, number, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET type = excluded.type, number = excluded.number, at = excluded.at`)
	selectTombstone = sql(`
		SELECT type, number, at FROM tombstone WHERE site = ? AND bucket = ? AND id = ?`)
	selectTombstones = sql(`
		SELECT id, number, at FROM tombstone
		WHERE site = ? AND type = ? AND (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?`)
)

// Names, and the index rows by which records are found.
var (
	insertName = sql(`
		INSERT INTO name (site, bucket, owner, space, value, home, id) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`)
	insertNameMany = sql(insertNameRows(namesAtOnce))
	updateName     = sql(`
		UPDATE name SET home = ?, id = ?
		WHERE site = ? AND bucket = ? AND owner = ? AND space = ? AND value = ?`)
	deleteName = sql(`
		DELETE FROM name
		WHERE site = ? AND bucket = ? AND owner = ? AND space = ? AND value = ?`)
	selectName = sql(`
		SELECT home, id FROM name
		WHERE site = ? AND bucket = ? AND owner = ? AND space = ? AND value = ?`)
	selectNamesOwned = sql(`
		SELECT space, value, id FROM name WHERE site = ? AND bucket = ? AND owner = ?`)
	insertClaim = sql(`
		INSERT INTO claim (site, bucket, id, owner, space, value) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`)
	deleteClaim = sql(`
		DELETE FROM claim
		WHERE site = ? AND bucket = ? AND id = ? AND owner = ? AND space = ? AND value = ?`)
	selectClaims = sql(`
		SELECT owner, space, value FROM claim WHERE site = ? AND bucket = ? AND id = ?`)
	deleteClaims      = sql(`DELETE FROM claim WHERE site = ? AND bucket = ? AND id = ?`)
	insertIndexed     = sql(insertIndexedRows(1))
	insertIndexedMany = sql(insertIndexedRows(indexedAtOnce))
	deleteIndexed     = sql(`
		DELETE FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value = ? AND number = ? AND bucket = ? AND id = ?`)
	deletePath = sql(`
		DELETE FROM attribute
		WHERE site = ?1 AND type = ?2 AND path = ?3 AND (value, number, bucket, id) IN (
			SELECT value, number, bucket, id FROM attribute WHERE site = ?1 AND type = ?2 AND path = ?3 LIMIT ?4)`)
	selectFrom = sql(`
		SELECT value, id FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value >= ? ORDER BY value, number, bucket, id`)
	selectRange = sql(`
		SELECT value, id FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value >= ? AND value <= ?
		ORDER BY value, number, bucket, id`)
	selectValues = sql(`
		SELECT value, number FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value >= ? AND value <= ?
		ORDER BY value, number`)
	selectValuesDown = sql(`
		SELECT value, number FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value >= ? AND value <= ?
		ORDER BY value DESC, number DESC`)
	countValues = sql(`
		SELECT count(*) FROM (SELECT 1 FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value >= ? AND value <= ? LIMIT ?)`)
	selectHolders = sql(`
		SELECT number FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value = ? AND number BETWEEN ? AND ?
		ORDER BY number`)
	selectHoldersDown = sql(`
		SELECT number FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value = ? AND number BETWEEN ? AND ?
		ORDER BY number DESC`)
	insertSearch = sql(`
		INSERT INTO search (site, type, sort, id, bucket, text, pack) VALUES (?, ?, ?, ?, ?, ?, ?)`)
	deleteSearch = sql(`
		DELETE FROM search WHERE site = ? AND type = ? AND sort = ? AND id = ? AND bucket = ?`)
	selectSearchPack = sql(`
		SELECT pack FROM search WHERE site = ? AND type = ? AND sort = ? AND id = ? AND bucket = ?`)
	selectSearch = sql(`
		SELECT sort, id, text FROM search
		WHERE site = ? AND type = ? AND (sort, id) > (?, ?) ORDER BY sort, id LIMIT ?`)
	selectSearchDown = sql(`
		SELECT sort, id, text FROM search
		WHERE site = ? AND type = ? AND (sort, id) < (?, ?) ORDER BY sort DESC, id DESC LIMIT ?`)
	selectSearchEnd = sql(`
		SELECT sort, id, text FROM search
		WHERE site = ? AND type = ? ORDER BY sort DESC, id DESC LIMIT ?`)
	countSearch = sql(`
		SELECT count(*) FROM (SELECT 1 FROM search WHERE site = ? AND type = ? LIMIT ?)`)
	insertPack     = sql(`INSERT INTO search_pack (pack, texts, heads) VALUES (?, ?, ?)`)
	updatePack     = sql(`UPDATE search_pack SET texts = ?, heads = ? WHERE pack = ?`)
	deletePack     = sql(`DELETE FROM search_pack WHERE pack = ?`)
	selectPack     = sql(`SELECT pack, texts, heads FROM search_pack WHERE pack = ?`)
	selectLastPack = sql(`
		SELECT pack, texts, heads FROM search_pack WHERE pack BETWEEN ? AND ? ORDER BY pack DESC LIMIT 1`)
	selectPacks = sql(`SELECT pack, texts, heads FROM search_pack WHERE pack BETWEEN ? AND ? ORDER BY pack`)
)

// How many rows one statement inserts; of more, a row costs the same.
const indexedAtOnce, eventsAtOnce, namesAtOnce = 8, 8, 8

// insertNameRows inserts names of one site, argument 1, and passes over those
// that are held: then six arguments of each.
func insertNameRows(n int) string {
	var b strings.Builder
	b.WriteString("INSERT OR IGNORE INTO name (site, bucket, owner, space, value, home, id) VALUES")
	for i := range n {
		fmt.Fprintf(&b, "%c (?1, ?%d, ?%d, ?%d, ?%d, ?%d, ?%d)", " ,"[min(i, 1)], 2+6*i, 3+6*i, 4+6*i, 5+6*i, 6+6*i, 7+6*i)
	}
	return b.String()
}

// insertIndexedRows inserts rows of one path: arguments 1 to 3 are theirs, and
// then four of each. OR IGNORE goes on at whatever keeps a row out, so SQLite
// copies no page to undo the statement by, as it does for several rows with ON
// CONFLICT DO NOTHING, which is for unique keys only.
func insertIndexedRows(n int) string {
	var b strings.Builder
	b.WriteString("INSERT OR IGNORE INTO attribute (site, type, path, value, number, bucket, id) VALUES")
	for i := range n {
		fmt.Fprintf(&b, "%c (?1, ?2, ?3, ?%d, ?%d, ?%d, ?%d)", " ,"[min(i, 1)], 4+4*i, 5+4*i, 6+4*i, 7+4*i)
	}
	return b.String()
}

// insertEventRows inserts events of one transaction: arguments 1 and 2 are its,
// and then nine of each. OR ROLLBACK for the reason that insertIndexedRows has
// OR IGNORE: the writer gives the transaction up anyway.
func insertEventRows(n int) string {
	var b strings.Builder
	b.WriteString("INSERT OR ROLLBACK INTO event (epoch, tx, site, seq, bucket, at, actor, subject, kind, paths, version) VALUES")
	for i := range n {
		fmt.Fprintf(&b, "%c (?1, ?2", " ,"[min(i, 1)])
		for j := range 9 {
			fmt.Fprintf(&b, ", ?%d", 3+9*i+j)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Links, one row in each direction.
var (
	insertLink = sql(`
		INSERT INTO link (site, bucket, src, kind, dst, key, tag, state, attrs, created, ends_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
	insertReverse = sql(`
		INSERT INTO link_reverse (site, bucket, dst, kind, src, key, tag, state, created, ends_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	updateLink = sql(`
		UPDATE link SET tag = ?, state = ?, attrs = ?, ends_at = ?
		WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND dst = ? AND key = ?`)
	updateReverse = sql(`
		UPDATE link_reverse SET tag = ?, state = ?, ends_at = ?
		WHERE site = ? AND bucket = ? AND dst = ? AND kind = ? AND src = ? AND key = ?`)
	deleteLink = sql(`
		DELETE FROM link
		WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND dst = ? AND key = ?`)
	deleteReverse = sql(`
		DELETE FROM link_reverse
		WHERE site = ? AND bucket = ? AND dst = ? AND kind = ? AND src = ? AND key = ?`)
	selectLink = sql(`
		SELECT tag, state, attrs, created, ends_at FROM link
		WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND dst = ? AND key = ?`)
	selectLinksFrom = sql(`
		SELECT dst, key, tag, state, attrs, created, ends_at FROM link
		WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND (dst, key) > (?, ?)
		ORDER BY dst, key LIMIT ?`)
	selectLinksTo = sql(`
		SELECT src, key, tag, state, '', created, ends_at FROM link_reverse
		WHERE site = ? AND bucket = ? AND dst = ? AND kind = ? AND (src, key) > (?, ?)
		ORDER BY src, key LIMIT ?`)
)

// Links by time. A group is the links of one tag and state; two statements find
// the next, because a comparison of pairs would walk through the equal ones.
var (
	linksFrom = linksByTime{
		nextState: sql(`
			SELECT tag, state FROM link
			WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND tag = ? AND state > ?
			ORDER BY state LIMIT 1`),
		nextTag: sql(`
			SELECT tag, state FROM link
			WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND tag > ?
			ORDER BY tag, state LIMIT 1`),
		page: sql(`
			SELECT dst, key, tag, state, attrs, created, ends_at FROM link
			WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND tag = ? AND state = ?
				AND (created, dst, key) < (?, ?, ?)
			ORDER BY created DESC, dst DESC, key DESC LIMIT ?`),
		pageUp: sql(`
			SELECT dst, key, tag, state, attrs, created, ends_at FROM link
			WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND tag = ? AND state = ?
				AND (created, dst, key) > (?, ?, ?)
			ORDER BY created, dst, key LIMIT ?`),
		count: sql(`
			SELECT count(*) FROM (SELECT 1 FROM link
			WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND tag = ? AND state = ? LIMIT ?)`),
	}
	linksTo = linksByTime{
		nextState: sql(`
			SELECT tag, state FROM link_reverse
			WHERE site = ? AND bucket = ? AND dst = ? AND kind = ? AND tag = ? AND state > ?
			ORDER BY state LIMIT 1`),
		nextTag: sql(`
			SELECT tag, state FROM link_reverse
			WHERE site = ? AND bucket = ? AND dst = ? AND kind = ? AND tag > ?
			ORDER BY tag, state LIMIT 1`),
		page: sql(`
			SELECT src, key, tag, state, '', created, ends_at FROM link_reverse
			WHERE site = ? AND bucket = ? AND dst = ? AND kind = ? AND tag = ? AND state = ?
				AND (created, src, key) < (?, ?, ?)
			ORDER BY created DESC, src DESC, key DESC LIMIT ?`),
		pageUp: sql(`
			SELECT src, key, tag, state, '', created, ends_at FROM link_reverse
			WHERE site = ? AND bucket = ? AND dst = ? AND kind = ? AND tag = ? AND state = ?
				AND (created, src, key) > (?, ?, ?)
			ORDER BY created, src, key LIMIT ?`),
		count: sql(`
			SELECT count(*) FROM (SELECT 1 FROM link_reverse
			WHERE site = ? AND bucket = ? AND dst = ? AND kind = ? AND tag = ? AND state = ? LIMIT ?)`),
	}
)

// What proves a subject.
var (
	upsertSecret = sql(`
		INSERT INTO secret (site, bucket, id, kind, key, data, created, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET data = excluded.data, created = excluded.created,
			expires = excluded.expires`)
	deleteSecret = sql(`
		DELETE FROM secret WHERE site = ? AND bucket = ? AND id = ? AND kind = ? AND key = ?`)
	deleteSecrets = sql(`DELETE FROM secret WHERE site = ? AND bucket = ? AND id = ?`)
	selectSecret  = sql(`
		SELECT key, data, created, expires FROM secret
		WHERE site = ? AND bucket = ? AND id = ? AND kind = ? AND key = ?`)
	selectSecrets = sql(`
		SELECT key, data, created, expires FROM secret
		WHERE site = ? AND bucket = ? AND id = ? AND kind = ? ORDER BY key`)

	upsertSession = sql(`
		INSERT INTO session (site, bucket, subject, id, restriction, created, expires, generation)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET restriction = excluded.restriction, created = excluded.created,
			expires = excluded.expires, generation = excluded.generation`)
	deleteSession = sql(`
		DELETE FROM session WHERE site = ? AND bucket = ? AND subject = ? AND id = ?`)
	deleteSessions = sql(`DELETE FROM session WHERE site = ? AND bucket = ? AND subject = ?`)
	selectSession  = sql(`
		SELECT id, restriction, created, expires, generation FROM session
		WHERE site = ? AND bucket = ? AND subject = ? AND id = ?`)
	selectSessions = sql(`
		SELECT id, restriction, created, expires, generation FROM session
		WHERE site = ? AND bucket = ? AND subject = ? ORDER BY id`)

	upsertTicket = sql(`
		INSERT INTO ticket (site, bucket, subject, digest, kind, data, uses, created, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET kind = excluded.kind, data = excluded.data, uses = excluded.uses,
			created = excluded.created, expires = excluded.expires`)
	deleteTicket = sql(`
		DELETE FROM ticket WHERE site = ? AND bucket = ? AND subject = ? AND digest = ?`)
	deleteTickets = sql(`DELETE FROM ticket WHERE site = ? AND bucket = ? AND subject = ?`)
	selectTicket  = sql(`
		SELECT t.subject, t.kind, t.data, t.uses, t.created, t.expires FROM name n
		CROSS JOIN ticket t ON t.site = n.site AND t.bucket = n.home AND t.subject = n.id AND t.digest = n.value
		WHERE n.site = ? AND n.bucket = ? AND n.owner = x'' AND n.space = ? AND n.value = ?`)
	selectTickets   = sql(`SELECT digest FROM ticket WHERE site = ? AND bucket = ? AND subject = ?`)
	selectTicketsOf = sql(`
		SELECT digest, data, uses, created, expires FROM ticket
		WHERE site = ? AND bucket = ? AND subject = ? AND kind = ? ORDER BY digest`)
	selectTicketsByTime = sql(`
		SELECT digest, data, uses, created, expires FROM ticket INDEXED BY ticket_time
		WHERE site = ? AND bucket = ? AND subject = ? AND kind = ? AND (created, digest) < (?, ?)
		ORDER BY created DESC, digest DESC LIMIT ?`)

	upsertAttempts = sql(`
		INSERT INTO attempt (site, bucket, subject, kind, count, since, until)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET count = excluded.count, since = excluded.since, until = excluded.until`)
	deleteAttempts = sql(`DELETE FROM attempt WHERE site = ? AND bucket = ? AND subject = ?`)
	selectAttempts = sql(`
		SELECT count, since, until FROM attempt
		WHERE site = ? AND bucket = ? AND subject = ? AND kind = ?`)

	insertAnswer = sql(`
		INSERT INTO idempotency (site, bucket, subject, key, request, about, status, answer, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
	selectAnswer = sql(`
		SELECT request, about, status, answer, expires FROM idempotency
		WHERE site = ? AND bucket = ? AND subject = ? AND key = ?`)
	deleteAnswers      = sql(`DELETE FROM idempotency WHERE site = ? AND bucket = ? AND subject = ?`)
	deleteExpired      = sql(`DELETE FROM idempotency WHERE site = ? AND bucket = ? AND subject = ? AND expires <= ?`)
	deleteAnswersAbout = sql(`DELETE FROM idempotency WHERE site = ? AND about = ? AND about <> x''`)
)

// Files, and who uses them for what: one row seen from the user, one from the
// file.
var (
	insertBlob = sql(`
		INSERT INTO blob (site, bucket, key, media, size, meta, created) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`)
	deleteBlob = sql(`DELETE FROM blob WHERE site = ? AND bucket = ? AND key = ?`)
	selectBlob = sql(`
		SELECT media, size, meta, created FROM blob WHERE site = ? AND bucket = ? AND key = ?`)
	upsertUse = sql(`
		INSERT INTO blob_use (site, bucket, id, slot, key, created) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET key = excluded.key, created = excluded.created`)
	deleteUse      = sql(`DELETE FROM blob_use WHERE site = ? AND bucket = ? AND id = ? AND slot = ?`)
	selectUses     = sql(`SELECT slot, key FROM blob_use WHERE site = ? AND bucket = ? AND id = ?`)
	selectUse      = sql(`SELECT key FROM blob_use WHERE site = ? AND bucket = ? AND id = ? AND slot = ?`)
	insertBlobUser = sql(`
		INSERT INTO blob_user (site, bucket, key, id, slot) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`)
	deleteBlobUser = sql(`
		DELETE FROM blob_user WHERE site = ? AND bucket = ? AND key = ? AND id = ? AND slot = ?`)
	selectBlobUser = sql(`SELECT 1 FROM blob_user WHERE site = ? AND bucket = ? AND key = ? LIMIT 1`)
)

// Jobs.
var (
	insertJob = sql(`
		INSERT INTO job (site, bucket, id, subject, kind, body, due, tries, created, lane)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	selectDueJobs = sql(`
		SELECT site, id, subject, kind, body, due, tries, created, lane FROM job
		WHERE lane = ? AND due <= ? ORDER BY due LIMIT ?`)
	updateJob = sql(`
		UPDATE job SET lane = ?, kind = ?, body = ?, due = ?, tries = ? WHERE site = ? AND bucket = ? AND id = ?`)
	selectJob = sql(`
		SELECT site, id, subject, kind, body, due, tries, created, lane FROM job
		WHERE site = ? AND bucket = ? AND id = ? AND subject = ?`)
	selectJobsOf = sql(`
		SELECT site, id, subject, kind, body, due, tries, created, lane FROM job
		WHERE site = ? AND bucket = ? AND subject = ? AND lane = ? AND id > ? ORDER BY id LIMIT ?`)
	countJobs  = sql(`SELECT count(*) FROM job WHERE site = ? AND bucket = ? AND subject = ? AND lane = ?`)
	countTried = sql(`
		SELECT count(*) FROM (SELECT 1 FROM job WHERE site = ? AND tries >= ? LIMIT ?)`)
	leaseJob = sql(`UPDATE job SET due = ? WHERE site = ? AND bucket = ? AND id = ?`)
	retryJob = sql(`
		UPDATE job SET due = ?, tries = tries + 1 WHERE site = ? AND bucket = ? AND id = ?`)
	deleteJob  = sql(`DELETE FROM job WHERE site = ? AND bucket = ? AND id = ?`)
	deleteJobs = sql(`DELETE FROM job WHERE site = ? AND bucket = ? AND subject = ?`)
)

// Events.
var (
	insertEvent     = sql(insertEventRows(1))
	insertEventMany = sql(insertEventRows(eventsAtOnce))
	insertBody      = sql(`
		INSERT INTO event_body (site, bucket, subject, epoch, tx, seq, version, at, actor, kind, replaced)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	deleteBodies   = sql(`DELETE FROM event_body WHERE site = ? AND bucket = ? AND subject = ?`)
	selectReplaced = sql(`
		SELECT epoch, tx, seq, replaced FROM event_body
		WHERE site = ? AND bucket = ? AND subject = ? AND replaced <> ''`)
	updateReplaced = sql(`
		UPDATE event_body SET replaced = ?
		WHERE site = ? AND bucket = ? AND subject = ? AND epoch = ? AND tx = ? AND seq = ?`)
	selectEvents = sql(`
		SELECT epoch, tx, seq, at, actor, subject, kind, paths, version FROM event
		WHERE site = ? AND (epoch, tx, seq) > (?, ?, ?) ORDER BY epoch, tx, seq LIMIT ?`)
	selectNewest = sql(`
		SELECT epoch, tx, seq FROM event WHERE site = ? ORDER BY epoch DESC, tx DESC, seq DESC LIMIT 1`)
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
	selectMark   = sql(`SELECT place FROM mark WHERE site = ? AND bucket = ? AND subject = ? AND name = ?`)
	deleteMarks  = sql(`DELETE FROM mark WHERE site = ? AND bucket = ? AND subject = ?`)
	selectBodies = sql(`
		SELECT version, at, actor, kind, replaced FROM event_body
		WHERE site = ? AND bucket = ? AND subject = ? AND version > 0
		ORDER BY epoch DESC, tx DESC, seq DESC`)
)
