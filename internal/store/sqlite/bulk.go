package sqlite

import (
	"cmp"
	"slices"

	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// bulkLeast is how many records are worth being written table by table.
const bulkLeast = 16

// bulk is one CreateMany on its way: its rows are written table by table, names
// in the order of their keys and several in a statement. Whoever finds an id or
// a name taken gives back what it has, and is made by itself at the end, when
// what others gave back is free again.
type bulk struct {
	t      *tx
	list   []store.Creation
	failed []error // nil: none has
	names  []bulkName
	able   []int // those that are written so, by their places in list
	beaten []bool
	single []int // those that are made by themselves
}

// bulkName is a name that the creation at a place wants.
type bulkName struct {
	heldName
	at int
}

// compareNames is the order of the table's key.
func compareNames(a, b bulkName) int {
	return cmp.Or(slices.Compare(a.Owner[:], b.Owner[:]), cmp.Compare(a.Space, b.Space), cmp.Compare(a.Value, b.Value),
		cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.at, b.at))
}

// CreateMany inserts records, table by table where they are many.
func (t *tx) CreateMany(list []store.Creation) ([]error, error) {
	b := &bulk{t: t, list: list}
	err := b.prepare()
	if err == nil && len(b.able) < bulkLeast {
		b.single = append(b.single, b.able...)
		b.able = nil
	}
	if err == nil && b.able != nil {
		err = b.write()
	}
	slices.Sort(b.single)
	for _, at := range b.single {
		if err != nil {
			break
		}
		e := t.createWith(&list[at])
		switch {
		case profile.IsKind(e, profile.Taken), profile.IsKind(e, profile.Malformed):
			b.fail(at, e)
		default:
			err = e
		}
	}
	return b.failed, err
}

func (b *bulk) fail(at int, err error) {
	if b.failed == nil {
		b.failed = make([]error, len(b.list))
	}
	b.failed[at] = err
}

// prepare finds the bucket and the names of each.
func (b *bulk) prepare() error {
	for i := range b.list {
		rec := b.list[i].Record
		if err := row.Check(&b.list[i]); err != nil {
			b.fail(i, err)
			continue
		}
		if err := b.t.place(rec); err != nil {
			return err
		}
		keys, err := namesOf(b.t.keys[:0], rec)
		if err != nil {
			return err
		}
		b.t.keys = keys
		plain := true
		for j, k := range keys {
			plain = plain && k.Space != profile.IDTag && !slices.Contains(keys[:j], k)
		}
		if !plain {
			b.single = append(b.single, i)
			continue
		}
		for _, k := range keys {
			b.names = append(b.names, bulkName{k, i})
		}
		b.able = append(b.able, i)
	}
	return nil
}

// write writes the able: their own rows first, so that a name that has the id of
// one of them is its own.
func (b *bulk) write() error {
	b.beaten = make([]bool, len(b.list))
	inserted := make([]bool, len(b.list))
	for _, at := range b.able {
		ok, err := b.t.insertRecord(b.list[at].Record)
		if err != nil {
			return err
		}
		inserted[at], b.beaten[at] = ok, !ok
	}
	b.names = slices.DeleteFunc(b.names, func(n bulkName) bool { return b.beaten[n.at] })
	slices.SortFunc(b.names, compareNames)
	for left := b.names; len(left) > 0; {
		n := min(len(left), namesAtOnce)
		if err := b.take(left[:n]); err != nil {
			return err
		}
		left = left[n:]
	}
	if err := b.giveBack(inserted); err != nil {
		return err
	}
	for _, at := range b.able {
		if b.beaten[at] {
			continue
		}
		if err := b.t.addRest(&b.list[at]); err != nil {
			return err
		}
	}
	return nil
}

// take inserts some names; who does not get one is beaten.
func (b *bulk) take(names []bulkName) error {
	t, taken := b.t, 0
	if len(names) < namesAtOnce {
		for i := range names {
			n := &names[i]
			rec := b.list[n.at].Record
			some, err := t.write(insertName, t.site, n.Bucket, n.Owner, n.Space, n.Value, rec.Bucket, rec.ID)
			if err != nil {
				return err
			}
			b.beaten[n.at] = b.beaten[n.at] || some == 0
		}
		return nil
	}
	s, err := t.c.stmt(insertNameMany)
	if err != nil {
		return err
	}
	if err = s.bindNames(t.site, b.list, names); err == nil {
		if _, err = s.step(); err == nil {
			taken = int(sqlite3.Xsqlite3_changes(t.c.tls, t.c.db))
		}
	}
	s.close()
	if taken > 0 {
		t.writes++
	}
	if err != nil || taken == len(names) {
		return err
	}
	for i := range names {
		id, _, err := t.holder(names[i].heldName)
		if err != nil {
			return err
		}
		at := names[i].at
		b.beaten[at] = b.beaten[at] || id != b.list[at].Record.ID
	}
	return nil
}

// bindNames binds what the names share, then each.
func (s *stmt) bindNames(site store.SiteID, list []store.Creation, names []bulkName) error {
	size := 0
	for i := range names {
		n := &names[i]
		size += bytesOf(n.Owner) + bytesOf(n.Space) + bytesOf(n.Value) + bytesOf(list[n.at].Record.ID)
	}
	s.room(size)
	off, err := s.fill(1, 0, site)
	for i := 0; err == nil && i < len(names); i++ {
		n := &names[i]
		rec := list[n.at].Record
		off, err = s.fill(2+6*i, off, n.Bucket, n.Owner, n.Space, n.Value, rec.Bucket, rec.ID)
	}
	return err
}

// giveBack deletes what the beaten have.
func (b *bulk) giveBack(inserted []bool) error {
	t := b.t
	for i := range b.names {
		n := &b.names[i]
		if !b.beaten[n.at] {
			continue
		}
		id, found, err := t.holder(n.heldName)
		if err != nil {
			return err
		}
		if found && id == b.list[n.at].Record.ID {
			if err := t.dropName(n.heldName); err != nil {
				return err
			}
		}
	}
	for _, at := range b.able {
		if !b.beaten[at] {
			continue
		}
		b.single = append(b.single, at)
		if rec := b.list[at].Record; inserted[at] {
			if _, err := t.write(deleteRecord, t.site, rec.Bucket, rec.ID, rec.Version, string(appendNames(nil, rec.Names))); err != nil {
				return err
			}
		}
	}
	return nil
}

// createWith inserts a record and what is made with it.
func (t *tx) createWith(c *store.Creation) error {
	if err := t.Create(c.Record, c.Event); err != nil {
		return err
	}
	return t.addProofs(c)
}

// addRest adds what goes with a record that has its names and its own row.
func (t *tx) addRest(c *store.Creation) error {
	if err := t.pass(c.Record.Number); err != nil {
		return err
	}
	if err := t.addFound(c.Record, c.Event); err != nil {
		return err
	}
	return t.addProofs(c)
}

// addProofs adds what a creation brings beside the record.
func (t *tx) addProofs(c *store.Creation) error {
	if err := t.pass(c.Highest); err != nil {
		return err
	}
	for _, s := range c.Secrets {
		if err := t.PutSecret(s); err != nil {
			return err
		}
	}
	for _, l := range c.Links {
		if err := t.AddLink(l); err != nil {
			return err
		}
	}
	return nil
}

// LockMany checks which records are there.
func (t *tx) LockMany(ids []profile.ID) ([]bool, error) {
	there := make([]bool, len(ids))
	for i, id := range ids {
		err := t.Lock(id)
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return nil, err
		}
		there[i] = err == nil
	}
	return there, nil
}
