package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"facet/internal/profile"
	"facet/internal/store"
)

// bareWriter is the baseline of durable creates: a loop that inserts the rows
// of all callers that wait and commits once for them, in the same tables with
// the same settings as the product's store, and nothing else. Its statements
// are prepared once, below database/sql.
type bareWriter struct {
	db     *sql.DB
	queue  chan *bareCall
	end    chan struct{}
	gone   chan struct{} // closed when the loop has ended
	ended  chan error
	number atomic.Int64
}

// bareCall is a caller that waits. write writes its rows; seq counts the events
// of the transaction.
type bareCall struct {
	write func(s *bareStatements, tx int64, seq *int64) error
	done  chan error
}

// bareBatch is the most callers of one transaction, as in the product.
const bareBatch = 256

// openBare opens a data folder's database that nobody else has open.
func openBare(ctx context.Context, dir string) (*bareWriter, error) {
	db, err := sql.Open("sqlite", filepath.Join(dir, "facet.db"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &bareWriter{db: db, queue: make(chan *bareCall, 4*bareBatch), end: make(chan struct{}), gone: make(chan struct{}), ended: make(chan error, 1)}
	w.number.Store(10_000)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, pragma := range []string{"journal_mode = WAL", "synchronous = FULL", "foreign_keys = OFF", "temp_store = MEMORY", "secure_delete = ON", "cache_size = -65536"} {
		if _, err := conn.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return nil, err
		}
	}
	go func() {
		defer close(w.gone)
		w.ended <- errors.Join(conn.Raw(func(c any) error { return w.loop(c.(driver.Conn)) }), conn.Close())
	}()
	return w, nil
}

func (w *bareWriter) close() error {
	close(w.end)
	return errors.Join(<-w.ended, w.db.Close())
}

// bareStatements insert what entity.create does, and change documents.
type bareStatements struct {
	begin, commit, name, record, attribute, search, pack, event driver.StmtExecContext
	update, body                                                driver.StmtExecContext
	args                                                        []driver.NamedValue
	packs                                                       int64 // the number of the last pack
	texts, heads                                                []byte
}

func prepareBare(c driver.Conn) (*bareStatements, error) {
	s := &bareStatements{args: make([]driver.NamedValue, 0, 20), packs: 1<<32 + 1_000_000}
	for _, st := range []struct {
		into *driver.StmtExecContext
		text string
	}{
		{&s.begin, `BEGIN IMMEDIATE`},
		{&s.commit, `COMMIT`},
		{&s.name, `INSERT INTO name (site, bucket, owner, space, value, home, id) VALUES (?, ?, ?, ?, ?, ?, ?)`},
		{&s.record, `INSERT INTO record (site, bucket, id, type, number, owner, creator, attrs, extras, names, sort, state, password, version, created, updated, login)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.attribute, `INSERT INTO attribute (site, type, path, value, number, bucket, id) VALUES (?, ?, ?, ?, ?, ?, ?)`},
		{&s.search, `INSERT INTO search (site, type, sort, id, bucket, text, pack) VALUES (?, ?, ?, ?, ?, ?, ?)`},
		{&s.pack, `INSERT INTO search_pack (pack, texts, heads) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET texts = excluded.texts, heads = excluded.heads`},
		{&s.event, `INSERT INTO event (site, epoch, tx, seq, bucket, at, actor, subject, kind, paths, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.update, `UPDATE record SET owner = ?, creator = ?, attrs = ?, extras = ?, names = ?, sort = ?, state = ?, password = ?, version = ?, updated = ?
			WHERE site = ? AND bucket = ? AND id = ? AND version = ? AND names = ?`},
		{&s.body, `INSERT INTO event_body (site, bucket, subject, epoch, tx, seq, version, at, actor, kind, replaced) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
	} {
		prepared, err := c.Prepare(st.text)
		if err != nil {
			return nil, err
		}
		*st.into = prepared.(driver.StmtExecContext)
	}
	return s, nil
}

func (s *bareStatements) exec(st driver.StmtExecContext, values ...driver.Value) error {
	s.args = s.args[:0]
	for i, v := range values {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	_, err := st.ExecContext(context.Background(), s.args)
	return err
}

// loop commits what waits until it is told to end.
func (w *bareWriter) loop(c driver.Conn) error {
	s, err := prepareBare(c)
	if err != nil {
		return err
	}
	var batch []*bareCall
	for tx := int64(1_000_000); ; tx++ {
		batch = batch[:0]
		select {
		case call := <-w.queue:
			batch = append(batch, call)
		case <-w.end:
			return nil
		}
		seq := int64(0)
		err := s.exec(s.begin)
		for i, yielded := 0, false; err == nil && i < len(batch); i++ {
			err = batch[i].write(s, tx, &seq)
			for len(batch) < bareBatch && i+1 == len(batch) {
				select {
				case call := <-w.queue:
					batch = append(batch, call)
					continue
				default:
				}
				if yielded {
					break
				}
				yielded = true
				runtime.Gosched()
			}
		}
		if err == nil {
			err = s.exec(s.commit)
		}
		for _, call := range batch {
			call.done <- err
		}
		if err != nil {
			return err
		}
	}
}

// do has the loop write something, and waits until it is committed.
func (w *bareWriter) do(write func(s *bareStatements, tx int64, seq *int64) error) error {
	call := &bareCall{write: write, done: make(chan error, 1)}
	select {
	case w.queue <- call:
	case <-w.gone:
	}
	select {
	case err := <-call.done:
		return err
	case <-w.gone:
		return errors.New("the loop has ended")
	}
}

// site is the demo's, the only one.
const site = int64(1)

// actor is who creates: the API client, whose id is as good as any here.
var actor = func() (id profile.ID) { _, _ = rand.Read(id[:]); return id }()

// insert writes one record's rows.
func (s *bareStatements) insert(rec *store.Record, tx int64, seq *int64) error {
	*seq++
	id, bucket, typ, none := rec.ID[:], bucketNumber(rec.ID), string(rec.Type), []byte{}
	at := rec.Created.UnixMicro()
	names := make([]byte, 0, 128)
	for i, n := range rec.Names {
		if err := s.exec(s.name, site, nameBucket(n.Space, n.Value), none, string(n.Space), n.Value, bucket, id); err != nil {
			return err
		}
		names = append(names, ",["[1-min(i, 1):2-min(i, 1)]...)
		names = append(append(append(append(append(names, `{"s":"`...), n.Space...), `","v":"`...), n.Value...), `"}`...)
	}
	names = append(names, ']')
	err := s.exec(s.record, site, bucket, id, typ, rec.Number, none, actor[:], string(rec.Attrs), string(rec.Extras), string(names),
		rec.Sort, string(rec.State), rec.Password, rec.Version, at, at, int64(0))
	if err != nil {
		return err
	}
	for _, x := range rec.Index {
		if err := s.exec(s.attribute, site, typ, x.Path, x.Value, rec.Number, bucket, id); err != nil {
			return err
		}
	}
	if len(s.texts)+len(s.heads) > 3900 {
		s.packs, s.texts, s.heads = s.packs+1, s.texts[:0], s.heads[:0]
	}
	s.texts = fmt.Appendf(s.texts, "\x00%s", rec.Search)
	s.heads = fmt.Appendf(s.heads, "%s\x00%s%s\x00", typ, id, rec.Sort)
	if err := s.exec(s.search, site, typ, rec.Sort, id, bucket, rec.Search, s.packs); err != nil {
		return err
	}
	if err := s.exec(s.pack, s.packs, s.texts, s.heads); err != nil {
		return err
	}
	return s.exec(s.event, site, int64(1), tx, *seq, bucket, at, actor[:], id, "user.created", "[]", rec.Version)
}

// ServeHTTP reads the form, mints the id and waits for the commit; it checks
// nothing.
func (w *bareWriter) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	_, escaped, _ := strings.Cut(string(body), "attributes=")
	attrs, err := url.QueryUnescape(escaped)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	number := w.number.Add(1)
	rec := recordOf(attrs, number, time.Now())
	if err := w.do(func(s *bareStatements, tx int64, seq *int64) error { return s.insert(rec, tx, seq) }); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	h := rw.Header()
	h["Content-Type"] = []string{"application/json"}
	answer := append(strconv.AppendInt([]byte(`{"id":`), number, 10), `,"uuid":"`...)
	answer = append(append(answer, rec.ID.String()...), `","stat":"ok"}`...)
	_, _ = rw.Write(answer)
}

// rowsOf counts the rows of each kind in every table but those of counters, and
// search_pack, whose rows hold those of search once more. A row's kind is its
// values with ids, whole numbers and digits in text made alike.
func (b *bench) rowsOf(ctx context.Context, name string) (map[string]int, error) {
	driver, source := "sqlite", "file:"+filepath.Join(b.folder, b.store, name, "facet.db")+"?mode=ro"
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('meta', 'sequence', 'search_pack')`
	if b.store == onPostgres {
		driver, source = "pgx", b.urls[name]
		list = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT IN ('meta', 'sequence')`
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	tables, err := texts(ctx, db, list)
	if err != nil {
		return nil, err
	}
	kinds := map[string]int{}
	for _, t := range tables {
		if err := kindsOf(ctx, db, t, kinds); err != nil {
			return nil, fmt.Errorf("table %s: %w", t, err)
		}
	}
	return kinds, nil
}

func texts(ctx context.Context, db *sql.DB, query string) (list []string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

func kindsOf(ctx context.Context, db *sql.DB, table string, kinds map[string]int) error {
	rows, err := db.QueryContext(ctx, `SELECT * FROM "`+table+`"`)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		kinds[kindOf(table, values)]++
	}
	return rows.Err()
}

func kindOf(table string, values []any) string {
	kind := table + ":"
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			kind += " int"
		case []byte:
			kind += fmt.Sprintf(" blob(%d)", len(v))
		case string:
			if _, err := profile.ParseID(v); err == nil { // as PostgreSQL's driver gives an id
				kind += " blob(16)"
				continue
			}
			kind += " '" + withoutDigits(v) + "'"
		default:
			kind += fmt.Sprintf(" %T", v)
		}
	}
	return kind
}

// withoutDigits puts one "#" in the place of every run of digits.
func withoutDigits(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if '0' <= s[i] && s[i] <= '9' {
			if i == 0 || s[i-1] < '0' || s[i-1] > '9' {
				b.WriteByte('#')
			}
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
