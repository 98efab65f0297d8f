package sqlite

import (
	"fmt"
	"slices"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// write runs a statement that changes rows, and counts it as the caller's.
func (t *tx) write(id statement, args ...any) (int, error) {
	n, err := t.c.exec(id, args...)
	if n > 0 {
		t.writes++
	}
	return n, err
}

// takeName inserts a name, and with an idtag its host form; false, and neither
// is left, when another holds one of them.
func (t *tx) takeName(k heldName, home profile.Bucket, id profile.ID) (bool, error) {
	n, err := t.write(insertName, t.site, k.Bucket, k.Owner, k.Space, k.Value, home, id)
	if err != nil || n == 0 || k.Space != profile.IDTag {
		return n == 1, err
	}
	ok, err := t.takeHost(store.HostForm(k.Value), home, id)
	if err == nil && !ok {
		_, err = t.write(deleteName, t.site, k.Bucket, k.Owner, k.Space, k.Value)
	}
	return ok, err
}

func (t *tx) dropName(k heldName) error {
	if k.Space == profile.IDTag {
		if err := t.dropHost(store.HostForm(k.Value)); err != nil {
			return err
		}
	}
	_, err := t.write(deleteName, t.site, k.Bucket, k.Owner, k.Space, k.Value)
	return err
}

// takeNames inserts all names or none. Nothing is left, and nothing counted
// as written, when one is taken: the caller's failure then costs the others in
// the transaction nothing.
func (t *tx) takeNames(keys []heldName, home profile.Bucket, id profile.ID) error {
	before := t.writes
	for i, k := range keys {
		ok, err := t.takeName(k, home, id)
		if err != nil {
			return err
		}
		if !ok {
			if err := t.giveBack(keys[:i], before); err != nil {
				return err
			}
			return store.TakenError(k.Space)
		}
	}
	return nil
}

// giveBack deletes names just inserted, which puts the rows back to where they
// were when `before` writes had been made.
func (t *tx) giveBack(keys []heldName, before int) error {
	for _, k := range keys {
		if err := t.dropName(k); err != nil {
			return err
		}
	}
	t.writes = before
	return nil
}

// Create inserts a record, its names first.
func (t *tx) Create(rec *store.Record, e store.Event) error {
	rec.Bucket = row.BucketOf(rec)
	keys, err := namesOf(t.keys[:0], rec)
	if err != nil {
		return err
	}
	t.keys = keys
	before := t.writes
	if err := t.takeNames(keys, rec.Bucket, rec.ID); err != nil {
		return err
	}
	if err := t.pass(rec.Number); err != nil {
		return err
	}
	ok, err := t.insertRecord(rec)
	if err != nil {
		return err
	}
	if !ok {
		if err := t.giveBack(keys, before); err != nil {
			return err
		}
		return store.TakenError("id")
	}
	return t.addFound(rec, e)
}

// insertRecord inserts a new record's own row; false when its id is taken.
func (t *tx) insertRecord(rec *store.Record) (bool, error) {
	rec.Version = 1
	t.json = appendNames(t.json[:0], rec.Names)
	n, err := t.write(insertRecord, t.site, rec.Bucket, rec.ID, rec.Type, rec.Number, rec.Owner,
		rec.Creator, text(rec.Attrs), text(rec.Extras), text(t.json), rec.Sort, rec.State,
		rec.Password, rec.Version, rec.Created, rec.Updated, rec.LastLogin)
	return n == 1, err
}

// addFound adds the rows by which a new record is found, and its event.
func (t *tx) addFound(rec *store.Record, e store.Event) error {
	for _, x := range rec.Index {
		if err := t.addIndexed(rec, x); err != nil {
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
}

// Save replaces a record and tells what it replaced.
func (t *tx) Save(old, rec *store.Record, e store.Event) error {
	if old.ID != rec.ID || old.Type != rec.Type || old.Number != rec.Number {
		return fmt.Errorf("sqlite: id, type and number of record %s cannot change", old.ID)
	}
	rec.Version = old.Version + 1
	if err := t.replace(old, rec); err != nil {
		rec.Version = old.Version
		return err
	}
	var err error
	if e.Replaced, err = row.Replaced(old, rec); err != nil {
		return err
	}
	e.Subject, e.Version = rec.ID, rec.Version
	return t.Log(e)
}

// Refresh replaces what follows from something else, as an entity type.
func (t *tx) Refresh(old, rec *store.Record) error {
	next := *old
	next.Attrs, next.Extras, next.Names, next.Password = rec.Attrs, rec.Extras, rec.Names, rec.Password
	next.Index, next.Sort, next.Search = rec.Index, rec.Sort, rec.Search
	return t.replace(old, &next)
}

// replace writes a record in the place of old: new names first, then the row
// under the condition of what it holds, then what has changed of the rest.
func (t *tx) replace(old, rec *store.Record) error {
	rec.Bucket = old.Bucket
	had, err := namesOf(nil, old)
	if err != nil {
		return err
	}
	has, err := namesOf(t.keys[:0], rec)
	if err != nil {
		return err
	}
	t.keys = has
	added := row.Without(has, had)
	before := t.writes
	if err := t.takeNames(added, old.Bucket, old.ID); err != nil {
		if err := t.expect(old); err != nil {
			return err // a stale caller may collide with its own record
		}
		return err
	}
	held := string(appendNames(nil, old.Names))
	t.json = appendNames(t.json[:0], rec.Names)
	n, err := t.write(updateRecord, rec.Owner, rec.Creator, text(rec.Attrs), text(rec.Extras),
		text(t.json), rec.Sort, rec.State, rec.Password, rec.Version, rec.Updated,
		t.site, old.Bucket, old.ID, old.Version, held)
	if err != nil {
		return err
	}
	if n == 0 {
		if err := t.giveBack(added, before); err != nil {
			return err
		}
		if err := t.expect(old); err != nil {
			return err
		}
		return store.ErrVersion
	}
	for _, k := range row.Without(had, has) {
		if err := t.dropName(k); err != nil {
			return err
		}
	}
	return t.moveIndex(old, rec)
}

// addIndexed adds an index row of a record, where it is not there already.
func (t *tx) addIndexed(rec *store.Record, x store.Indexed) error {
	err := t.w.gathered.addIndexed(t.site, rec, x)
	if err == nil {
		t.writes++
	}
	return err
}

func (t *tx) dropIndexed(rec *store.Record, x store.Indexed) error {
	_, err := t.write(deleteIndexed, t.site, rec.Type, x.Path, x.Value, rec.Number, rec.Bucket, rec.ID)
	return err
}

// moveIndex changes index and search rows by difference.
func (t *tx) moveIndex(old, rec *store.Record) error {
	for _, x := range old.Index {
		if slices.Contains(rec.Index, x) {
			continue
		}
		if err := t.dropIndexed(old, x); err != nil {
			return err
		}
	}
	for _, x := range rec.Index {
		if slices.Contains(old.Index, x) {
			continue
		}
		if err := t.addIndexed(rec, x); err != nil {
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
	s, err := t.c.query(selectNamed, t.site, rec.Bucket, rec.ID)
	if err != nil {
		return err
	}
	defer s.close()
	switch found, err := s.step(); {
	case err != nil:
		return err
	case !found:
		return store.ErrNotFound
	case s.int(0) != rec.Version, s.text(1) != string(appendNames(nil, rec.Names)):
		return store.ErrVersion
	}
	return nil
}

// DropIndex deletes index rows of a path.
func (t *tx) DropIndex(of profile.Type, path string, limit int) (int, error) {
	return t.write(deletePath, t.site, of, path, limit)
}

// Remove deletes a record that is not a subject.
func (t *tx) Remove(rec *store.Record, e store.Event) error {
	if err := t.expect(rec); err != nil {
		return err
	}
	if err := t.remove(rec); err != nil {
		return err
	}
	e.Subject, e.Version, e.Replaced = rec.ID, rec.Version+1, nil
	return t.Log(e)
}

// Erase removes a subject, what it owns, and what is kept for either.
func (t *tx) Erase(rec *store.Record, e store.Event, index func(*store.Record) []store.Indexed) error {
	if err := t.expect(rec); err != nil {
		return err
	}
	if err := t.removeOwned(rec.ID, index); err != nil {
		return err
	}
	if err := t.remove(rec); err != nil {
		return err
	}
	if _, err := t.write(insertTombstone, t.site, rec.ID.Bucket(), rec.ID, rec.Type, rec.Number, e.At); err != nil {
		return err
	}
	e.Subject, e.Version, e.Replaced = rec.ID, rec.Version+1, nil
	return t.Log(e)
}

func (t *tx) removeOwned(owner profile.ID, index func(*store.Record) []store.Indexed) error {
	owned, err := t.list(selectAllOwned, t.site, owner)
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

// remove deletes a record's row and every row that is kept for it.
func (t *tx) remove(rec *store.Record) error {
	n, err := t.write(deleteRecord, t.site, rec.Bucket, rec.ID, rec.Version, string(appendNames(nil, rec.Names)))
	if err != nil {
		return err
	}
	if n == 0 {
		return store.ErrVersion
	}
	names, err := namesOf(nil, rec)
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
		if err := t.dropIndexed(rec, x); err != nil {
			return err
		}
	}
	if err := t.dropSearch(rec); err != nil {
		return err
	}
	if _, err := t.write(deleteAnswersAbout, t.site, rec.ID); err != nil {
		return err
	}
	if err := t.DropUses(rec.ID); err != nil {
		return err
	}
	for _, kept := range keptFor {
		if _, err := t.write(kept, t.site, rec.ID.Bucket(), rec.ID); err != nil {
			return err
		}
	}
	return nil
}

// keptFor deletes, by site, bucket and subject, what a record's end takes along.
var keptFor = []statement{deleteClaims, deleteSecrets, deleteSessions, deleteTickets,
	deleteAttempts, deleteJobs, deleteAnswers, deleteBodies, deleteMarks}

// claimed adds the names held for a record besides its own: claims and tickets.
func (t *tx) claimed(keys []heldName, id profile.ID) ([]heldName, error) {
	s, err := t.c.query(selectClaims, t.site, id.Bucket(), id)
	if err != nil {
		return nil, err
	}
	err = each(s, func() bool {
		keys = append(keys, keyOf(s.profileID(0), profile.Space(s.text(1)), s.text(2)))
		return true
	})
	if err != nil {
		return nil, err
	}
	if s, err = t.c.query(selectTickets, t.site, id.Bucket(), id); err != nil {
		return nil, err
	}
	err = each(s, func() bool {
		keys = append(keys, keyOf(profile.ID{}, profile.Ticket, s.text(0)))
		return true
	})
	return keys, err
}

// releaseOwned gives back what others claimed among an owner's names; the
// names of owned records go with those.
func (t *tx) releaseOwned(owner profile.ID) error {
	s, err := t.c.query(selectNamesOwned, t.site, owner.Bucket(), owner)
	if err != nil {
		return err
	}
	type claim struct {
		space profile.Space
		value string
		id    profile.ID
	}
	var claims []claim
	err = each(s, func() bool {
		claims = append(claims, claim{profile.Space(s.text(0)), s.text(1), s.profileID(2)})
		return true
	})
	if err != nil {
		return err
	}
	for _, c := range claims {
		n, err := t.write(deleteClaim, t.site, c.id.Bucket(), c.id, owner, c.space, c.value)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if err := t.dropName(keyOf(owner, c.space, c.value)); err != nil {
			return err
		}
	}
	return nil
}

// Touch notes a sign-in.
func (t *tx) Touch(id profile.ID, at time.Time) error {
	bucket, err := t.bucketOf(id)
	if err != nil {
		return err
	}
	n, err := t.write(updateLogin, at, t.site, bucket, id)
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	return err
}

// Lock checks that the record is there: with one writer the whole store is
// locked already.
func (t *tx) Lock(id profile.ID) error {
	bucket, err := t.bucketOf(id)
	if err != nil {
		return err
	}
	s, err := t.c.query(selectVersion, t.site, bucket, id)
	if err != nil {
		return err
	}
	return one(s)
}
