package postgres_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
)

// kept is a dump in memory.
type kept struct {
	info  store.DumpInfo
	names []string
	parts [][]byte
	begun func() // nil: nothing
	at    int
}

func (k *kept) Begin(info store.DumpInfo) error {
	k.info = info
	if k.begun != nil {
		k.begun()
	}
	return nil
}

func (k *kept) Part(name string, _ int64, r io.Reader) error {
	b, err := io.ReadAll(r)
	k.names, k.parts = append(k.names, name), append(k.parts, b)
	return err
}

func (k *kept) Blob(store.DumpedBlob) error { return nil }

func (k *kept) Info() store.DumpInfo { return k.info }

func (k *kept) Next() (string, io.Reader, error) {
	if k.at == len(k.parts) {
		return "", nil, io.EOF
	}
	k.at++
	return k.names[k.at-1], bytes.NewReader(k.parts[k.at-1]), nil
}

// A dump is of one moment also where the rows lie on several servers, and is
// restored on one, or on several where those are (FACET_TEST_CITUS).
func TestADatabaseWithShardsIsDumpedWhileItIsUsedAndRestored(t *testing.T) {
	url := cluster.Database(t)
	o := postgres.Options{URL: url, Logger: quiet}
	s, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	create := func(i int) error {
		now := time.Now()
		rec := &store.Record{ID: profile.NewID(now), Type: profile.User, Number: int64(5000 + i), Attrs: []byte(`{}`), Extras: []byte(`{}`), State: profile.Active,
			Names: []profile.Name{{Space: profile.Slug, Value: fmt.Sprint("n", i)}}, Created: now, Updated: now}
		return s.Site(1).Update(t.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{Kind: "x"}) })
	}
	for i := range 20 {
		if err := create(i); err != nil {
			t.Fatal(err)
		}
	}
	if !onCitus() {
		noteShards(t, url)
	}
	done := make(chan error, 1)
	k := &kept{begun: func() {
		go func() { done <- create(20) }()
		if !onCitus() { // there it waits for the end
			if err := <-done; err != nil {
				t.Error(err)
			}
			done <- nil
		}
	}}
	if err := s.Dump(t.Context(), "", k); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	to := postgres.Options{URL: cluster.Empty(t), Logger: quiet}
	if err := postgres.Restore(t.Context(), to, k, func(string, io.Reader) error { return nil }); err != nil {
		t.Fatal(err)
	}
	back, err := postgres.Open(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	for i := range 21 {
		_, err := back.Site(1).Get(t.Context(), profile.Slug, fmt.Sprint("n", i))
		if there := err == nil; there != (i < 20) {
			t.Errorf("n%d: %v", i, err)
		}
	}
	if err := back.Site(1).View(t.Context(), func(r store.Reader) error {
		n, err := r.Count(profile.User)
		if n != 20 {
			t.Errorf("%d records", n)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	left, err := postgres.Unspread(t.Context(), connect(t, to.URL))
	if err != nil || (len(left) == 0) != onCitus() {
		t.Errorf("on one server are %v, %v", left, err)
	}
}

// noteShards makes a database one that lay on several servers.
func noteShards(t *testing.T, url string) {
	t.Helper()
	if _, err := connect(t, url).Exec(t.Context(), "INSERT INTO meta (key, value) VALUES ('shards', 8)"); err != nil {
		t.Fatal(err)
	}
}
