package postgres

import (
	"fmt"
	"regexp"
	"strings"
)

// statement names one of the SQL texts below; each connection prepares those
// it uses once, under the statement's number.
type statement int

var statements []string

func sql(text string) statement {
	statements = append(statements, numbered(strings.TrimSpace(text)))
	return statement(len(statements) - 1)
}

var marks = regexp.MustCompile(`\?`)

// numbered writes $1, $2 … for the question marks of a text.
func numbered(text string) string {
	n := 0
	return marks.ReplaceAllStringFunc(text, func(string) string {
		n++
		return fmt.Sprintf("$%d", n)
	})
}

// must makes a change that touches no row an error: division_by_zero, which
// ends the batch it is in.
func must(change string) statement {
	return sql(`WITH done AS (` + strings.TrimSpace(change) + ` RETURNING 1) SELECT 1 / count(*) FROM done`)
}

// mustRow makes it an error that a query has no row.
func mustRow(query string) statement {
	return sql(`SELECT 1 / count(*) FROM (` + strings.TrimSpace(query) + `) AS found`)
}

// none is the id that is none.
const none = `'00000000-0000-0000-0000-000000000000'`

// Transactions.
var (
	beginWrite = sql(`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`)
	beginRead  = sql(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	commit     = sql(`COMMIT`)
	savepoint  = sql(`SAVEPOINT call`)
	release    = sql(`RELEASE SAVEPOINT call`)
	export     = sql(`SELECT pg_export_snapshot()`)

	selectMeta    = sql(`SELECT value FROM meta WHERE key = ?`)
	selectSize    = sql(`SELECT pg_database_size(current_database())`)
	selectStandby = sql(`SELECT pg_is_in_recovery()::int::bigint`)
)

// Locks that no row stands for: they end with the transaction.
var (
	lockShared = sql(`SELECT pg_advisory_xact_lock_shared(?, ?)`)
	lockAlone  = sql(`SELECT pg_advisory_xact_lock(?, ?)`)
)

// Sequences.
var (
	drawNumbers = sql(`
		INSERT INTO sequence AS s (site, bucket, name, next) VALUES ($1, 0, 'number', $2::bigint + $3::bigint)
		ON CONFLICT (site, bucket, name) DO UPDATE SET next = greatest(s.next, $2) + $3
		RETURNING next`)
	selectAge = sql(`SELECT next FROM sequence WHERE site = ? AND bucket = 0 AND name = 'age'`)
	mustAge   = sql(`
		SELECT 1 / (coalesce((SELECT next FROM sequence WHERE site = ? AND bucket = 0 AND name = 'age'), 0) = ?)::int`)
	raiseAge = sql(`
		INSERT INTO sequence AS s (site, bucket, name, next) VALUES (?, 0, 'age', 1)
		ON CONFLICT (site, bucket, name) DO UPDATE SET next = s.next + 1`)
)

// Sites and hosts.
var (
	insertSite = sql(`
		INSERT INTO site (site, name, domain, policy, is_default, created)
		SELECT coalesce(max(site), 0) + 1, ?::text, ?::text, ?::text, ?::bigint = 1, ?::bigint FROM site RETURNING site`)
	updateSite  = sql(`UPDATE site SET policy = ?, is_default = (?::bigint = 1) WHERE site = ?`)
	selectSites = sql(`
		SELECT site, name, domain, policy, is_default::int::bigint, created FROM site ORDER BY site`)
	selectSiteTaken = sql(`
		SELECT (name = ?)::int::bigint, (domain = ?)::int::bigint, (is_default AND ?::bigint = 1)::int::bigint FROM site
		WHERE (name = ? OR domain = ? OR (is_default AND ?::bigint = 1)) AND site <> ?`)
	selectSite = sql(`
		SELECT site, name, domain, policy, is_default::int::bigint, created FROM site WHERE site = ?`)
	selectHosts = sql(`SELECT host FROM host WHERE site = ? AND id = ` + none + ` ORDER BY host`)
	insertHost  = sql(`INSERT INTO host (host, site) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1::bigint`)
	deleteHosts = sql(`DELETE FROM host WHERE site = ? AND id = ` + none)

	mustNotBeDomain = sql(`
		SELECT 1 / (NOT EXISTS (
			SELECT 1 FROM site WHERE domain = ANY (string_to_array(?::text, ' ')) AND site <> ?))::int`)
	selectHostUnder = sql(`
		SELECT 1 FROM host
		WHERE id <> ` + none + ` AND (host = ? OR right(host, length(?::text) + 1) = '.' || ?::text) LIMIT 1`)
	selectIdentityAt = sql(`SELECT site, id FROM host WHERE host = ? AND id <> ` + none)
	insertHostOf     = sql(`INSERT INTO host (host, site, bucket, id) VALUES (?, ?, ?, ?)`)
	deleteHostOf     = sql(`DELETE FROM host WHERE host = ? AND site = ? AND id <> ` + none)
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
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	updateRecord = must(`
		UPDATE record SET owner = ?, creator = ?, attrs = ?, extras = ?, names = ?, sort = ?,
			state = ?, password = ?, version = ?, updated = ?
		WHERE site = ? AND bucket = ? AND id = ? AND version = ? AND names = ?`)
	deleteRecord = must(`DELETE FROM record WHERE site = ? AND bucket = ? AND id = ? AND version = ? AND names = ?`)
	mustBeRecord = mustRow(`
		SELECT 1 FROM record WHERE site = ? AND bucket = ? AND id = ? AND version = ? AND names = ? FOR UPDATE`)
	mustStay    = mustRow(`SELECT 1 FROM record WHERE site = ? AND bucket = ? AND id = ? FOR KEY SHARE`)
	updateLogin = must(`UPDATE record SET login = ? WHERE site = ? AND bucket = ? AND id = ?`)
	lockRecord  = sql(`SELECT 1::bigint FROM record WHERE site = ? AND bucket = ? AND id = ? FOR UPDATE`)

	selectVersion = sql(`SELECT version FROM record WHERE site = ? AND bucket = ? AND id = ?`)
	selectNamed   = sql(`SELECT version, names FROM record WHERE site = ? AND bucket = ? AND id = ?`)
	selectRecord  = sql(`
		SELECT` + recordColumns + ` FROM record r WHERE r.site = ? AND r.bucket = ? AND r.id = ?`)
	selectByName = sql(`
		SELECT` + recordColumns + ` FROM name n
		JOIN record r ON r.site = n.site AND r.bucket = n.home AND r.id = n.id
		WHERE n.site = ? AND n.bucket = ? AND n.owner = ? AND n.space = ? AND n.value = ?`)
	selectByNumber = sql(`
		SELECT` + recordColumns + ` FROM record r
		WHERE r.site = ? AND r.type = ? AND r.number BETWEEN ? AND ? ORDER BY r.number, r.id`)
	selectByNumberDown = sql(`
		SELECT` + recordColumns + ` FROM record r
		WHERE r.site = ? AND r.type = ? AND r.number BETWEEN ? AND ? ORDER BY r.number DESC, r.id DESC`)
	selectBrief = sql(`
		SELECT` + briefColumns + ` FROM record r
		WHERE r.site = ? AND r.type = ? AND r.number BETWEEN ? AND ? ORDER BY r.number, r.id`)
	selectBriefDown = sql(`
		SELECT` + briefColumns + ` FROM record r
		WHERE r.site = ? AND r.type = ? AND r.number BETWEEN ? AND ? ORDER BY r.number DESC, r.id DESC`)
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
		WHERE r.site = ? AND r.bucket = ? AND r.owner = ? AND r.owner <> ` + none + ` AND r.type = ? AND r.number > ?
		ORDER BY r.number LIMIT ?`)
	selectOwnedDown = sql(`
		SELECT` + recordColumns + ` FROM record r
		WHERE r.site = ? AND r.bucket = ? AND r.owner = ? AND r.owner <> ` + none + ` AND r.type = ? AND r.number < ?
		ORDER BY r.number DESC LIMIT ?`)
	selectAllOwned = sql(`
		SELECT` + recordColumns + ` FROM record r
		WHERE r.site = ? AND r.bucket = ? AND r.owner = ? AND r.owner <> ` + none)
	countRecords    = sql(`SELECT count(*) FROM record WHERE site = ? AND type = ?`)
	insertTombstone = sql(`
		INSERT INTO tombstone (site, bucket, id, type, number, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (site, bucket, id) DO UPDATE
		SET type = excluded.type, number = excluded.number, at = excluded.at`)
	selectTombstone = sql(`
		SELECT type, number, at FROM tombstone WHERE site = ? AND bucket = ? AND id = ?`)
	selectTombstones = sql(`
		SELECT id, number, at FROM tombstone
		WHERE site = ? AND type = ? AND (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?`)
)

// What a bulk asks.
var (
	selectXact = sql(`
		SELECT pg_current_xact_id()::text::bigint, (SELECT greatest(value, ?) FROM meta WHERE key = 'epoch')`)
	// Each key is looked up by itself, however many there are.
	selectTakenNames = sql(`
		SELECT k.i FROM unnest($2::int4[], $3::uuid[], $4::text[], $5::text[]) WITH ORDINALITY AS k (bucket, owner, space, value, i)
		CROSS JOIN LATERAL (
			SELECT 1 FROM name n
			WHERE n.site = $1 AND n.bucket = k.bucket AND n.owner = k.owner AND n.space = k.space AND n.value = k.value
			LIMIT 1) AS held
		ORDER BY k.i`)
	selectTakenIDs = sql(`
		SELECT k.i FROM unnest($2::int4[], $3::uuid[]) WITH ORDINALITY AS k (bucket, id, i)
		CROSS JOIN LATERAL (SELECT 1 FROM record r WHERE r.site = $1 AND r.bucket = k.bucket AND r.id = k.id LIMIT 1) AS held`)
	// In the order in which they are given.
	lockMany = sql(`
		SELECT k.i FROM unnest($2::int4[], $3::uuid[]) WITH ORDINALITY AS k (bucket, id, i)
		CROSS JOIN LATERAL (SELECT 1 FROM record r WHERE r.site = $1 AND r.bucket = k.bucket AND r.id = k.id FOR UPDATE) AS held`)
)

// Names, and the index rows by which records are found.
var (
	insertName = sql(`
		INSERT INTO name (site, bucket, owner, space, value, home, id) VALUES (?, ?, ?, ?, ?, ?, ?)`)
	deleteName = sql(`
		DELETE FROM name
		WHERE site = ? AND bucket = ? AND owner = ? AND space = ? AND value = ?`)
	selectName = locking(`
		SELECT home, id FROM name
		WHERE site = ? AND bucket = ? AND owner = ? AND space = ? AND value = ?`)
	selectNamesOwned = sql(`
		SELECT space, value, id FROM name WHERE site = ? AND bucket = ? AND owner = ?`)
	insertClaim = sql(`
		INSERT INTO claim (site, bucket, id, owner, space, value) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`)
	deleteClaim = sql(`
		DELETE FROM claim
		WHERE site = ? AND bucket = ? AND id = ? AND owner = ? AND space = ? AND value = ? RETURNING 1::bigint`)
	// The bucket of a claim is the last 16 bits of the id.
	releaseName = sql(`
		WITH n AS (
			DELETE FROM name
			WHERE site = $1 AND bucket = $2 AND owner = $3 AND space = $4 AND value = $5 RETURNING id)
		DELETE FROM claim c USING n
		WHERE c.site = $1 AND c.bucket = ('x' || right(n.id::text, 4))::bit(16)::int AND c.id = n.id
			AND c.owner = $3 AND c.space = $4 AND c.value = $5`)
	selectClaims = sql(`
		SELECT owner, space, value FROM claim WHERE site = ? AND bucket = ? AND id = ?`)
	deleteClaims  = sql(`DELETE FROM claim WHERE site = ? AND bucket = ? AND id = ?`)
	insertIndexed = sql(`
		INSERT INTO attribute (site, type, path, value, number, bucket, id) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`)
	deleteIndexed = sql(`
		DELETE FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value = ? AND number = ? AND bucket = ? AND id = ?`)
	deletePath = sql(`
		WITH gone AS (
			DELETE FROM attribute
			WHERE site = $1 AND type = $2 AND path = $3 AND (value, number, bucket, id) IN (
				SELECT value, number, bucket, id FROM attribute WHERE site = $1 AND type = $2 AND path = $3 LIMIT $4)
			RETURNING 1)
		SELECT count(*) FROM gone`)
	selectValues = valuesOf{
		from: sql(`
			SELECT value, number, id FROM attribute
			WHERE site = ? AND type = ? AND path = ? AND (value, number) >= (?, ?) ORDER BY value, number`),
		rng: sql(`
			SELECT value, number, id FROM attribute
			WHERE site = ? AND type = ? AND path = ? AND (value, number) >= (?, ?) AND value <= ?
			ORDER BY value, number`),
	}
	selectValuesDown = valuesOf{
		from: sql(`
			SELECT value, number, id FROM attribute
			WHERE site = ? AND type = ? AND path = ? AND value >= ? ORDER BY value DESC, number DESC`),
		rng: sql(`
			SELECT value, number, id FROM attribute
			WHERE site = ? AND type = ? AND path = ? AND (value, number) <= (?, ?) AND value >= ?
			ORDER BY value DESC, number DESC`),
	}
	countValues = sql(`
		SELECT count(*) FROM (SELECT 1 FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value >= ? AND value <= ? LIMIT ?) AS few`)
	countValuesFrom = sql(`
		SELECT count(*) FROM (SELECT 1 FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value >= ? LIMIT ?) AS few`)
	selectHolders = sql(`
		SELECT number FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value = ? AND number BETWEEN ? AND ?
		ORDER BY number`)
	selectHoldersDown = sql(`
		SELECT number FROM attribute
		WHERE site = ? AND type = ? AND path = ? AND value = ? AND number BETWEEN ? AND ?
		ORDER BY number DESC`)
	upsertSearch = sql(`
		INSERT INTO search (site, type, sort, id, bucket, text) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (site, type, sort, id, bucket) DO UPDATE SET text = excluded.text`)
	deleteSearch = sql(`
		DELETE FROM search WHERE site = ? AND type = ? AND sort = ? AND id = ? AND bucket = ?`)
	selectSearch = sql(`
		SELECT sort, id FROM search
		WHERE site = ? AND type = ? AND (sort, id) > (?, ?) ORDER BY sort, id LIMIT ?`)
	selectSearchDown = sql(`
		SELECT sort, id FROM search
		WHERE site = ? AND type = ? AND (sort, id) < (?, ?) ORDER BY sort DESC, id DESC LIMIT ?`)
	selectSearchEnd = sql(`
		SELECT sort, id FROM search
		WHERE site = ? AND type = ? ORDER BY sort DESC, id DESC LIMIT ?`)
	selectMatch = sql(`
		SELECT sort, id FROM search
		WHERE site = ? AND type = ? AND (sort, id) > (?, ?) AND strpos(text, ?) > 0
		ORDER BY sort, id LIMIT ?`)
	selectMatchDown = sql(`
		SELECT sort, id FROM search
		WHERE site = ? AND type = ? AND (sort, id) < (?, ?) AND strpos(text, ?) > 0
		ORDER BY sort DESC, id DESC LIMIT ?`)
	selectMatchEnd = sql(`
		SELECT sort, id FROM search
		WHERE site = ? AND type = ? AND strpos(text, ?) > 0 ORDER BY sort DESC, id DESC LIMIT ?`)
	countSearch = sql(`
		SELECT count(*) FROM (SELECT 1 FROM search WHERE site = ? AND type = ? LIMIT ?) AS few`)
	countMatch = sql(`
		SELECT count(*) FROM (
			SELECT 1 FROM search WHERE site = ? AND type = ? AND strpos(text, ?) > 0 LIMIT ?) AS few`)
)

// Links, one row in each direction.
var (
	insertLink = sql(`
		INSERT INTO link (site, bucket, src, kind, dst, key, tag, state, attrs, created, ends_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	insertReverse = sql(`
		INSERT INTO link_reverse (site, bucket, dst, kind, src, key, tag, state, created, ends_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	updateLink = must(`
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
	selectLink = locking(`
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
			WHERE site = ? AND bucket = ? AND src = ? AND kind = ? AND tag = ? AND state = ? LIMIT ?) AS few`),
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
			WHERE site = ? AND bucket = ? AND dst = ? AND kind = ? AND tag = ? AND state = ? LIMIT ?) AS few`),
	}
)
