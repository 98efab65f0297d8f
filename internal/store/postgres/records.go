package postgres

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// note remembers what was read of a record.
func (t *tx) note(rec *store.Record) {
	if t.seen == nil {
		t.seen = map[profile.ID]seenRecord{}
	}
	t.seen[rec.ID] = seenRecord{rec.Version, rec.Bucket}
}

// hasRead reports whether this transaction has read the record as rec is.
func (t *tx) hasRead(rec *store.Record) bool {
	seen, ok := t.seen[rec.ID]
	return ok && seen.version == rec.Version
}

// stays sees to it that records which this transaction has read, and builds
// upon, are not removed before it ends.
func (t *tx) stays(ids ...profile.ID) error {
	for _, id := range ids {
		seen, ok := t.seen[id]
		if !ok || seen.version == ownVersion || t.held[id] {
			continue
		}
		t.hold(id)
		if err := t.fence(id, lockShared); err != nil {
			return err
		}
		if err := t.write(&conflict{id}, mustStay, t.site, seen.bucket, id); err != nil {
			return err
		}
	}
	return nil
}

// hold notes that a record stays.
func (t *tx) hold(id profile.ID) {
	if t.held == nil {
		t.held = map[profile.ID]bool{}
	}
	t.held[id] = true
}

// Lock takes a record's row.
func (t *tx) Lock(id profile.ID) error {
	bucket, err := t.bucketOf(id)
	if err == nil {
		err = t.fence(id, lockAlone)
	}
	if err != nil {
		return err
	}
	if err := t.must(lockRecord, nil, t.site, bucket, id); err != nil {
		if _, ok := t.seen[id]; ok && err == store.ErrNotFound {
			delete(t.seen, id)
		}
		return err
	}
	t.hold(id)
	return nil
}

// takeNames inserts names, in one order for all transactions, so that two that
// want the same ones wait for each other and do not block each other.
func (t *tx) takeNames(keys []row.HeldName, home profile.Bucket, id profile.ID) error {
	slices.SortFunc(keys, func(a, b row.HeldName) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), slices.Compare(a.Owner[:], b.Owner[:]),
			cmp.Compare(a.Space, b.Space), cmp.Compare(a.Value, b.Value))
	})
	for _, k := range keys {
		if err := t.takeName(k, home, id); err != nil {
			return err
		}
	}
	return nil
}

// takeName inserts a name, and with an idtag its host form.
func (t *tx) takeName(k row.HeldName, home profile.Bucket, id profile.ID) error {
	err := t.write(store.TakenError(k.Space), insertName, t.site, k.Bucket, k.Owner, k.Space, k.Value, home, id)
	if err != nil || k.Space != profile.IDTag {
		return err
	}
	return t.takeHost(store.HostForm(k.Value), home, id)
}

func (t *tx) dropName(k row.HeldName) error {
	if k.Space == profile.IDTag {
		if err := t.dropHost(store.HostForm(k.Value)); err != nil {
			return err
		}
	}
	return t.write(nil, deleteName, t.site, k.Bucket, k.Owner, k.Space, k.Value)
}

// Create inserts a record, its names first.
func (t *tx) Create(rec *store.Record, e store.Event) error {
	return t.unit(func() error {
		rec.Bucket = row.BucketOf(rec)
		keys, err := row.NamesOf(t.keys[:0], rec)
		if err != nil {
			return err
		}
		t.keys = keys
		if err := t.stays(rec.Owner); err != nil {
			return err
		}
		if err := t.takeNames(keys, rec.Bucket, rec.ID); err != nil {
			return err
		}
		if err := t.pass(rec.Number); err != nil {
			return err
		}
		rec.Version = 1
		if err := t.write(store.TakenError("id"), insertRecord, t.site, rec.Bucket, rec.ID, rec.Type, rec.Number, rec.Owner,
			rec.Creator, text(rec.Attrs), text(rec.Extras), text(row.AppendNames(nil, rec.Names)), rec.Sort, rec.State,
			rec.Password, rec.Version, rec.Created, rec.Updated, rec.LastLogin); err != nil {
			return err
		}
		for _, x := range rec.Index {
			if err := t.writeIndexed(insertIndexed, rec, x); err != nil {
				return err
			}
		}
		if rec.Search != "" {
			if err := t.putSearch(rec); err != nil {
				return err
			}
		}
		e.Subject, e.Version, e.Replaced = rec.ID, rec.Version, nil
		return t.Log(e)
	})
}

// Save replaces a record and tells what it replaced.
func (t *tx) Save(old, rec *store.Record, e store.Event) error {
	if old.ID != rec.ID || old.Type != rec.Type || old.Number != rec.Number {
		return fmt.Errorf("postgres: id, type and number of record %s cannot change", old.ID)
	}
	rec.Version = old.Version + 1
	err := t.unit(func() error {
		if err := t.replace(old, rec); err != nil {
			return err
		}
		var err error
		if e.Replaced, err = row.Replaced(old, rec); err != nil {
			return err
		}
		e.Subject, e.Version = rec.ID, rec.Version
		return t.Log(e)
	})
	if err != nil {
		rec.Version = old.Version
		return err
	}
	if seen, ok := t.seen[rec.ID]; ok { // what is stored now is its own
		seen.version = ownVersion
		t.seen[rec.ID] = seen
		t.hold(rec.ID)
	}
	return nil
}

// Refresh replaces what follows from something else, as an entity type.
func (t *tx) Refresh(old, rec *store.Record) error {
	next := *old
	next.Attrs, next.Extras, next.Names, next.Password = rec.Attrs, rec.Extras, rec.Names, rec.Password
	next.Index, next.Sort, next.Search = rec.Index, rec.Sort, rec.Search
	return t.unit(func() error { return t.replace(old, &next) })
}

// replace writes a record in the place of old: the row under the condition of
// what it holds, then what has changed of its names and of the rest.
func (t *tx) replace(old, rec *store.Record) error {
	rec.Bucket = old.Bucket
	had, err := row.NamesOf(nil, old)
	if err != nil {
		return err
	}
	has, err := row.NamesOf(t.keys[:0], rec)
	if err != nil {
		return err
	}
	t.keys = has
	if rec.Owner != old.Owner {
		if !rec.Owner.IsZero() && rec.Owner.Bucket() != old.Bucket {
			return fmt.Errorf("postgres: record %s cannot pass to an owner in another bucket", old.ID)
		}
		if err := t.stays(rec.Owner); err != nil {
			return err
		}
	}
	if err := t.write(&stale{old}, updateRecord, rec.Owner, rec.Creator, text(rec.Attrs), text(rec.Extras),
		text(row.AppendNames(nil, rec.Names)), rec.Sort, rec.State, rec.Password, rec.Version, rec.Updated,
		t.site, old.Bucket, old.ID, old.Version, text(row.AppendNames(nil, old.Names))); err != nil {
		return err
	}
	if err := t.takeNames(row.Without(has, had), old.Bucket, old.ID); err != nil {
		return err
	}
	for _, k := range row.Without(had, has) {
		if err := t.dropName(k); err != nil {
			return err
		}
	}
	return t.moveIndex(old, rec)
}

// writeIndexed inserts or deletes an index row of a record.
func (t *tx) writeIndexed(id statement, rec *store.Record, x store.Indexed) error {
	return t.write(nil, id, t.site, rec.Type, x.Path, x.Value, rec.Number, rec.Bucket, rec.ID)
}

// moveIndex changes index and search rows by difference.
func (t *tx) moveIndex(old, rec *store.Record) error {
	for _, x := range old.Index {
		if slices.Contains(rec.Index, x) {
			continue
		}
		if err := t.writeIndexed(deleteIndexed, old, x); err != nil {
			return err
		}
	}
	for _, x := range rec.Index {
		if slices.Contains(old.Index, x) {
			continue
		}
		if err := t.writeIndexed(insertIndexed, rec, x); err != nil {
			return err
		}
	}
	if old.Sort == rec.Sort && old.Search == rec.Search {
		return nil
	}
	if err := t.dropSearch(old); err != nil {
		return err
	}
	if rec.Search != "" {
		return t.putSearch(rec)
	}
	return nil
}

// expect is nil when the stored version is rec's, and so are the names: Refresh
// changes those alone.
func (t *tx) expect(rec *store.Record) error {
	var version int64
	var names string
	err := t.must(selectNamed, func(v rowOf) { version, names = v.int(0), v.text(1) }, t.site, rec.Bucket, rec.ID)
	if err == nil && (version != rec.Version || names != string(row.AppendNames(nil, rec.Names))) {
		err = store.ErrVersion
	}
	return err
}

// DropIndex deletes index rows of a path.
func (t *tx) DropIndex(of profile.Type, path string, n int) (int, error) {
	gone := int64(0)
	err := t.unit(func() (err error) {
		gone, err = t.count(deletePath, t.site, of, path, limit(n))
		return err
	})
	return int(gone), err
}

// Remove deletes a record that is not a subject.
func (t *tx) Remove(rec *store.Record, e store.Event) error {
	return t.unit(func() error {
		if err := t.remove(rec); err != nil {
			return err
		}
		e.Subject, e.Version, e.Replaced = rec.ID, rec.Version+1, nil
		return t.Log(e)
	})
}

// Erase removes a subject, what it owns, and what is kept for either.
func (t *tx) Erase(rec *store.Record, e store.Event, index func(*store.Record) []store.Indexed) error {
	return t.unit(func() error {
		if err := t.fence(rec.ID, lockAlone); err != nil {
			return err
		}
		if err := t.write(&stale{rec}, mustBeRecord, t.site, rec.Bucket, rec.ID, rec.Version,
			text(row.AppendNames(nil, rec.Names))); err != nil {
			return err
		}
		if err := t.removeOwned(rec.ID, index); err != nil {
			return err
		}
		if err := t.remove(rec); err != nil {
			return err
		}
		if err := t.write(nil, insertTombstone, t.site, rec.ID.Bucket(), rec.ID, rec.Type, rec.Number, e.At); err != nil {
			return err
		}
		e.Subject, e.Version, e.Replaced = rec.ID, rec.Version+1, nil
		return t.Log(e)
	})
}

func (t *tx) removeOwned(owner profile.ID, index func(*store.Record) []store.Indexed) error {
	owned, err := t.list(selectAllOwned, t.site, owner.Bucket(), owner)
	if err != nil {
		return err
	}
	for _, rec := range owned {
		if index != nil {
			rec.Index = index(rec)
		}
		if err := t.removeOwned(rec.ID, index); err != nil {
			return err
		}
		if err := t.remove(rec); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a record's row, which nobody can build upon from then on, and
// every row that is kept for it.
func (t *tx) remove(rec *store.Record) error {
	if err := t.fence(rec.ID, lockAlone); err != nil {
		return err
	}
	if err := t.write(&stale{rec}, deleteRecord, t.site, rec.Bucket, rec.ID, rec.Version,
		text(row.AppendNames(nil, rec.Names))); err != nil {
		return err
	}
	names, err := row.NamesOf(nil, rec)
	if err != nil {
		return err
	}
	if names, err = t.claimed(names, rec.ID); err != nil {
		return err
	}
	for _, k := range names {
		if err := t.dropName(k); err != nil {
			return err
		}
	}
	if err := t.releaseOwned(rec.ID); err != nil {
		return err
	}
	for _, x := range rec.Index {
		if err := t.writeIndexed(deleteIndexed, rec, x); err != nil {
			return err
		}
	}
	if err := t.dropSearch(rec); err != nil {
		return err
	}
	if err := t.dropAnswersAbout(rec.ID); err != nil {
		return err
	}
	if err := t.DropUses(rec.ID); err != nil {
		return err
	}
	for _, kept := range keptFor {
		if err := t.write(nil, kept, t.site, rec.ID.Bucket(), rec.ID); err != nil {
			return err
		}
	}
	delete(t.seen, rec.ID)
	return nil
}

// keptFor deletes, by site, bucket and subject, what a record's end takes along.
var keptFor = []statement{deleteClaims, deleteSecrets, deleteSessions, deleteTickets,
	deleteAttempts, deleteJobs, deleteAnswers, deleteBodies, deleteMarks}

// claimed adds the names held for a record besides its own: claims and tickets.
func (t *tx) claimed(keys []row.HeldName, id profile.ID) ([]row.HeldName, error) {
	err := t.query(selectClaims, func(v rowOf) {
		keys = append(keys, row.KeyOf(v.id(0), profile.Space(v.text(1)), v.text(2)))
	}, t.site, id.Bucket(), id)
	if err != nil {
		return nil, err
	}
	err = t.query(selectTickets, func(v rowOf) {
		keys = append(keys, row.KeyOf(profile.ID{}, profile.Ticket, v.text(0)))
	}, t.site, id.Bucket(), id)
	return keys, err
}

// releaseOwned gives back what others claimed among an owner's names; the
// names of owned records go with those.
func (t *tx) releaseOwned(owner profile.ID) error {
	type claim struct {
		space profile.Space
		value string
		id    profile.ID
	}
	var claims []claim
	err := t.query(selectNamesOwned, func(v rowOf) {
		claims = append(claims, claim{profile.Space(v.text(0)), v.text(1), v.id(2)})
	}, t.site, owner.Bucket(), owner)
	for _, c := range claims {
		if err != nil {
			return err
		}
		var claimed bool
		if claimed, err = t.one(deleteClaim, nil, t.site, c.id.Bucket(), c.id, owner, c.space, c.value); claimed && err == nil {
			err = t.dropName(row.KeyOf(owner, c.space, c.value))
		}
	}
	return err
}

// Touch notes a sign-in.
func (t *tx) Touch(id profile.ID, at time.Time) error {
	return t.unit(func() error {
		bucket, err := t.bucketOf(id)
		if err != nil {
			return err
		}
		return t.write(store.ErrNotFound, updateLogin, at, t.site, bucket, id)
	})
}

// maxSort is how much of a sort name search rows are ordered by, in bytes: what
// a key of an index takes beside the rest (PostgreSQL documentation, "B-Tree").
const maxSort = 1000

// sortKey cuts a sort name where it is too long, between characters.
func sortKey(sort string) string {
	if len(sort) <= maxSort {
		return sort
	}
	return strings.ToValidUTF8(sort[:maxSort], "")
}
