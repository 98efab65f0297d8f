package postgres

import (
	"cmp"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgtype"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// Many records are copied: their names, then their own rows and those that go
// with them, each table in the order of its key. A key that is held ends that;
// then those who hold it are asked for, and the rest is copied again.

// copyLeast is how many records are worth the copies; copyTries how often they
// are begun again because of keys that others took meanwhile.
const (
	copyLeast = 16
	copyTries = 8
)

// ofWorker is what a worker of Citus says of rows that are copied: the
// coordinator passes it on without the code that it had.
const ofWorker = "worker"

// bulk is one CreateMany on its way.
type bulk struct {
	t      *tx
	list   []store.Creation
	failed []error // nil: none has
	able   []int   // those that can be copied, by their places in list
	wanted []bulkName
	xact   int64
	epoch  int64
	table  *bulkTables

	// Of the present try.
	left   []int // of the able
	names  []bulkName
	beaten map[int]error // those of the able that want what one before them does
}

// bulkName is a name that the creation at a place wants.
type bulkName struct {
	row.HeldName
	at int
}

func compareNames(a, b bulkName) int {
	return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), slices.Compare(a.Owner[:], b.Owner[:]),
		cmp.Compare(a.Space, b.Space), cmp.Compare(a.Value, b.Value), cmp.Compare(a.at, b.at))
}

func (b *bulk) fail(at int, err error) {
	if b.failed == nil {
		b.failed = make([]error, len(b.list))
	}
	b.failed[at] = err
}

func (b *bulk) hasFailed(at int) bool { return b.failed != nil && b.failed[at] != nil }

func (b *bulk) failures() (n int) {
	for _, err := range b.failed {
		if err != nil {
			n++
		}
	}
	return n
}

// CreateMany copies records; what cannot be copied is made one by one.
func (t *tx) CreateMany(list []store.Creation) ([]error, error) {
	if t.q.err != nil {
		return nil, translate(t.ctx, t.q.err)
	}
	b := &bulk{t: t, list: list}
	one, err := b.prepare()
	done := false
	if err == nil && len(b.able) >= copyLeast {
		done, err = b.copy()
	}
	if !done {
		one = append(one, b.able...)
	}
	slices.Sort(one)
	for _, at := range one {
		if err != nil {
			break
		}
		if !b.hasFailed(at) {
			err = b.one(at)
		}
	}
	return b.failed, err
}

// prepare brings the creations to where they only have to be written, and gives
// those that cannot be copied.
func (b *bulk) prepare() (one []int, err error) {
	t, highest := b.t, int64(0)
	var keys []row.HeldName
	for i := range b.list {
		c := &b.list[i]
		if err := row.Check(c); err != nil {
			b.fail(i, err)
			continue
		}
		rec := c.Record
		rec.Version = 1
		highest = max(highest, rec.Number, c.Highest)
		rec.Bucket = row.BucketOf(rec)
		if err := t.stays(rec.Owner); err != nil {
			return nil, err
		}
		if keys, err = row.NamesOf(keys[:0], rec); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(keys, func(k row.HeldName) bool { return k.Space == profile.IDTag }) {
			one = append(one, i) // its host form is looked at beside the sites' domains
			continue
		}
		for j, k := range keys {
			if slices.Contains(keys[:j], k) {
				b.fail(i, store.TakenError(k.Space))
			}
		}
		if b.hasFailed(i) {
			continue
		}
		for _, k := range keys {
			b.wanted = append(b.wanted, bulkName{k, i})
		}
		b.able = append(b.able, i)
	}
	slices.SortFunc(b.wanted, compareNames)
	return one, t.pass(highest)
}

// one creates a record by itself.
func (b *bulk) one(at int) error {
	t, eager := b.t, b.t.eager
	t.eager = true
	defer func() { t.eager = eager }()
	err := b.createWith(&b.list[at])
	if err != nil && (t.q.err != nil || !profile.IsKind(err, profile.Taken) && !profile.IsKind(err, profile.Malformed)) {
		return err
	}
	if err != nil {
		b.fail(at, err)
	}
	return nil
}

func (b *bulk) createWith(c *store.Creation) error {
	t := b.t
	return t.unit(func() error {
		if err := t.Create(c.Record, c.Event); err != nil {
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
	})
}

// copy copies those that can be. It reports false, and has copied nothing, where
// that fails for a reason that single records may have.
func (b *bulk) copy() (done bool, err error) {
	t := b.t
	if err = t.must(selectXact, func(v rowOf) { b.xact, b.epoch = v.int(0), v.int(1) }, t.s.epoch.Load()); err != nil {
		return false, err
	}
	b.table = tables.Get().(*bulkTables)
	defer tables.Put(b.table)
	for range copyTries {
		b.sieve()
		if len(b.left) == 0 {
			return true, nil // nobody is beaten by nobody
		}
		if err = t.q.send(t.ctx, nil, queued{id: savepoint}); err != nil {
			return false, translate(t.ctx, err)
		}
		seq := t.seq
		if err = b.copyAll(); err == nil {
			err = t.q.send(t.ctx, nil, queued{id: release})
		}
		if err == nil {
			for at, why := range b.beaten {
				b.fail(at, why)
			}
			return true, nil
		}
		t.seq = seq
		code := codeOf(err)
		if t.s.citus && code == internalError {
			code = ofWorker
		}
		if code != uniqueViolation && code != tooLong && code != ofWorker {
			return false, translate(t.ctx, err)
		}
		if err := t.undo(); err != nil {
			return false, translate(t.ctx, err)
		}
		if code == tooLong {
			return false, nil
		}
		failed := b.failures()
		if err := b.blame(); err != nil {
			return false, err
		}
		if code == ofWorker && b.failures() == failed {
			return false, nil // it was something else
		}
	}
	return false, nil
}

// sieve says who is copied: who has not failed, and does not want a name, or an
// id, of one before.
func (b *bulk) sieve() {
	b.names, b.left, b.beaten = b.names[:0], b.left[:0], map[int]error{}
	double := false
	for _, n := range b.wanted {
		if !b.hasFailed(n.at) {
			double = double || len(b.names) > 0 && b.names[len(b.names)-1].HeldName == n.HeldName
			b.names = append(b.names, n)
		}
	}
	held := make(map[row.HeldName]bool)
	seen := make(map[profile.ID]bool, len(b.able))
	var keys []row.HeldName
	for _, at := range b.able {
		if b.hasFailed(at) {
			continue
		}
		rec := b.list[at].Record
		if seen[rec.ID] {
			b.beaten[at] = store.TakenError("id")
			continue
		}
		if double {
			keys, _ = row.NamesOf(keys[:0], rec) // it gave them before
			if i := slices.IndexFunc(keys, func(k row.HeldName) bool { return held[k] }); i >= 0 {
				b.beaten[at] = store.TakenError(keys[i].Space)
				continue
			}
			for _, k := range keys {
				held[k] = true
			}
		}
		seen[rec.ID] = true
		b.left = append(b.left, at)
	}
	if len(b.beaten) > 0 {
		b.names = slices.DeleteFunc(b.names, func(n bulkName) bool { return b.beaten[n.at] != nil })
	}
}

// blame finds those whose names or ids are held by others.
func (b *bulk) blame() error {
	t := b.t
	names := func(oid uint32, element func([]byte, *bulkName) []byte) rawArg {
		return appendArray(nil, oid, len(b.names), func(buf []byte, i int) []byte { return element(buf, &b.names[i]) })
	}
	takenNames, takenIDs := selectTakenNames, selectTakenIDs
	if t.s.spread {
		takenNames, takenIDs = selectTakenNamesApart, selectTakenIDsApart
	}
	err := t.query(takenNames, func(v rowOf) {
		n := &b.names[v.int(0)-1]
		if !b.hasFailed(n.at) {
			b.fail(n.at, store.TakenError(n.Space))
		}
	}, t.site,
		names(pgtype.Int4OID, func(buf []byte, n *bulkName) []byte { return appendInt32(buf, int32(n.Bucket)) }),
		names(pgtype.UUIDOID, func(buf []byte, n *bulkName) []byte { return append(buf, n.Owner[:]...) }),
		names(pgtype.TextOID, func(buf []byte, n *bulkName) []byte { return append(buf, n.Space...) }),
		names(pgtype.TextOID, func(buf []byte, n *bulkName) []byte { return append(buf, n.Value...) }))
	if err != nil {
		return err
	}
	ids := func(oid uint32, element func([]byte, *store.Record) []byte) rawArg {
		return appendArray(nil, oid, len(b.left), func(buf []byte, i int) []byte { return element(buf, b.list[b.left[i]].Record) })
	}
	return t.query(takenIDs, func(v rowOf) {
		if at := b.left[v.int(0)-1]; !b.hasFailed(at) {
			b.fail(at, store.TakenError("id"))
		}
	}, t.site,
		ids(pgtype.Int4OID, func(buf []byte, r *store.Record) []byte { return appendInt32(buf, int32(r.Bucket)) }),
		ids(pgtype.UUIDOID, func(buf []byte, r *store.Record) []byte { return append(buf, r.ID[:]...) }))
}

// bulkTables are the rows of a bulk.
type bulkTables struct {
	name, record, attribute, search, event, secret, link, reverse copying
}

// tables keeps the memory of rows that were copied: megabytes, for the next.
var tables = sync.Pool{New: func() any { return newBulkTables() }}

func newBulkTables() *bulkTables {
	return &bulkTables{
		name:      copyInto("name", "site, bucket, owner, space, value, home, id"),
		record:    copyInto("record", "site, bucket, id, type, number, owner, creator, attrs, extras, names, sort, state, password, version, created, updated, login"),
		attribute: copyInto("attribute", "site, type, path, value, number, bucket, id"),
		search:    copyInto("search", "site, type, sort, id, bucket, text"),
		event:     copyInto("event", "site, epoch, tx, seq, bucket, at, actor, subject, kind, paths, version"),
		secret:    copyInto("secret", "site, bucket, id, kind, key, data, created, expires"),
		link:      copyInto("link", "site, bucket, src, kind, dst, key, tag, state, attrs, created, ends_at"),
		reverse:   copyInto("link_reverse", "site, bucket, dst, kind, src, key, tag, state, created, ends_at"),
	}
}

// copyAll copies all rows of those that are left.
func (b *bulk) copyAll() error {
	w := b.table
	all := []*copying{&w.name, &w.record, &w.attribute, &w.search, &w.event, &w.secret, &w.link, &w.reverse}
	for _, c := range all {
		c.reset()
	}
	b.addNames()
	b.addRecords()
	b.addIndexed()
	for _, c := range all {
		if err := b.t.q.copy(b.t.ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (b *bulk) addNames() {
	site := int64(b.t.site)
	for i := range b.names {
		n := &b.names[i]
		rec := b.list[n.at].Record
		b.table.name.row(7).int64(site).bucket(n.Bucket).id(n.Owner).text(string(n.Space)).text(n.Value).bucket(rec.Bucket).id(rec.ID)
	}
}

func (b *bulk) addRecords() {
	w, t, site := b.table, b.t, int64(b.t.site)
	var scratch []byte
	for _, at := range b.left {
		c := &b.list[at]
		rec, e := c.Record, &c.Event
		scratch = row.AppendNames(scratch[:0], rec.Names)
		w.record.row(17).int64(site).bucket(rec.Bucket).id(rec.ID).text(string(rec.Type)).int64(rec.Number).id(rec.Owner).
			id(rec.Creator).bytes(rec.Attrs).bytes(rec.Extras).bytes(scratch).text(rec.Sort).text(string(rec.State)).
			text(rec.Password).int64(rec.Version).time(rec.Created).time(rec.Updated).time(rec.LastLogin)
		if e.At.IsZero() {
			e.At = t.s.clock()
		}
		t.seq++
		scratch = row.AppendPaths(scratch[:0], e.Paths)
		w.event.row(11).int64(site).int64(b.epoch).int64(b.xact).int64(t.seq).bucket(rec.ID.Bucket()).time(e.At).
			id(e.Actor).id(rec.ID).text(e.Kind).bytes(scratch).int64(rec.Version)
		for _, s := range c.Secrets {
			w.secret.row(8).int64(site).bucket(s.Subject.Bucket()).id(s.Subject).text(s.Kind).text(s.Key).bytes(s.Data).
				time(s.Created).time(s.Expires)
		}
		for _, l := range c.Links {
			w.link.row(11).int64(site).bucket(l.Src.Bucket()).id(l.Src).text(string(l.Kind)).id(l.Dst).text(l.Key).
				text(l.Tag).text(string(l.State)).bytes(l.Attrs).time(l.Created).time(l.EndsAt)
			w.reverse.row(10).int64(site).bucket(l.Dst.Bucket()).id(l.Dst).text(string(l.Kind)).id(l.Src).text(l.Key).
				text(l.Tag).text(string(l.State)).time(l.Created).time(l.EndsAt)
		}
	}
}

// addIndexed adds the rows by which records are found.
func (b *bulk) addIndexed() {
	type indexed struct {
		store.Indexed
		rec *store.Record
	}
	w, site := b.table, int64(b.t.site)
	var rows []indexed
	var found []*store.Record
	for _, at := range b.left {
		rec := b.list[at].Record
		for i, x := range rec.Index {
			if !slices.Contains(rec.Index[:i], x) {
				rows = append(rows, indexed{x, rec})
			}
		}
		if rec.Search != "" {
			found = append(found, rec)
		}
	}
	slices.SortFunc(rows, func(a, b indexed) int {
		return cmp.Or(cmp.Compare(a.rec.Type, b.rec.Type), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Value, b.Value), cmp.Compare(a.rec.Number, b.rec.Number))
	})
	for _, x := range rows {
		w.attribute.row(7).int64(site).text(string(x.rec.Type)).text(x.Path).text(x.Value).int64(x.rec.Number).bucket(x.rec.Bucket).id(x.rec.ID)
	}
	slices.SortFunc(found, func(a, b *store.Record) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Sort, b.Sort)) })
	for _, rec := range found {
		w.search.row(6).int64(site).text(string(rec.Type)).text(sortKey(rec.Sort)).id(rec.ID).bucket(rec.Bucket).text(rec.Search)
	}
}

// LockMany takes the rows of those whose ids tell their buckets by one query,
// and of the others, as of all where they lie on several servers, one by one.
func (t *tx) LockMany(ids []profile.ID) ([]bool, error) {
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return slices.Compare(ids[a][:], ids[b][:]) })
	there := make([]bool, len(ids))
	if t.s.spread {
		for _, i := range order {
			err := t.Lock(ids[i])
			if there[i] = err == nil; err != nil && !profile.IsKind(err, profile.NotFound) {
				return nil, err
			}
		}
		return there, nil
	}
	array := func(oid uint32, element func([]byte, profile.ID) []byte) rawArg {
		return appendArray(nil, oid, len(ids), func(buf []byte, i int) []byte { return element(buf, ids[order[i]]) })
	}
	err := t.query(lockMany, func(v rowOf) {
		i := order[v.int(0)-1]
		there[i] = true
		t.hold(ids[i])
	}, t.site,
		array(pgtype.Int4OID, func(buf []byte, id profile.ID) []byte { return appendInt32(buf, int32(id.Bucket())) }),
		array(pgtype.UUIDOID, func(buf []byte, id profile.ID) []byte { return append(buf, id[:]...) }))
	for _, i := range order {
		if err != nil {
			break
		}
		if there[i] {
			continue
		}
		switch err = t.Lock(ids[i]); {
		case err == nil:
			there[i] = true
		case profile.IsKind(err, profile.NotFound):
			err = nil
		}
	}
	return there, err
}
