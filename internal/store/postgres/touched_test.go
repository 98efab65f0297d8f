package postgres_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
	"facet/internal/store/row"
)

// Partitions stand for shards here.
func TestOneSubjectsWorkTouchesOneShardAndALinkTwo(t *testing.T) {
	url := cluster.InParts(t)
	watch := connect(t, url)
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url + "&plan_cache_mode=force_custom_plan", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	site := s.Site(1)
	now := time.Now()
	made := func(bucket int) *store.Record {
		rec := &store.Record{ID: profile.NewIDIn(now, profile.Bucket(bucketIn[bucket])), Type: profile.User,
			Attrs: []byte(`{}`), Extras: []byte(`{}`), State: profile.Active, Created: now, Updated: now}
		if err := site.Update(t.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{Kind: "x"}) }); err != nil {
			t.Fatal(err)
		}
		return rec
	}
	a, b := made(0), made(1)
	elsewhere := nameElsewhere(t, watch, a.ID.Bucket())
	child := &store.Record{ID: profile.NewIDIn(now, a.ID.Bucket()), Owner: a.ID, Type: profile.Household, Attrs: []byte(`{}`),
		Extras: []byte(`{}`), Names: []profile.Name{{Space: profile.HouseholdName, Value: "c", Owned: true}}, State: profile.Active, Created: now, Updated: now}

	for _, c := range []struct {
		what   string
		shards int
		do     func(store.Tx) error
	}{
		{"everything kept for a subject", 1, func(tx store.Tx) error {
			return errors.Join(
				tx.Lock(a.ID),
				tx.PutSecret(&store.Secret{Subject: a.ID, Kind: "k", Data: []byte("x"), Created: now}),
				tx.PutSession(&store.Session{ID: profile.NewIDIn(now, a.ID.Bucket()), Subject: a.ID, Created: now, Expires: now}),
				tx.PutAttempts(store.Attempts{Subject: a.ID, Kind: "k", Count: 1}),
				tx.PutAnswer(&store.Answer{Subject: a.ID, Key: "k", Request: "r", Status: 200, Expires: now}, now),
				tx.Claim(a.ID, profile.Subscribed, "1", a.ID),
				tx.Enqueue(store.Job{Kind: "k", Subject: a.ID, Body: []byte(`{}`)}),
				tx.Touch(a.ID, now),
				tx.Log(store.Event{Kind: "k", Subject: a.ID, Replaced: []byte(`{}`)}))
		}},
		{"a change of a record", 1, func(tx store.Tx) error {
			old, err := tx.Record(a.ID)
			if err != nil {
				return err
			}
			next := *old
			next.Attrs, next.Sort, next.Search = []byte(`{"a":1}`), "s", "s"
			next.Index = []store.Indexed{{Path: "p", Value: "v"}}
			return tx.Save(old, &next, store.Event{Kind: "x"})
		}},
		{"a record that is owned", 1, func(tx store.Tx) error { return tx.Create(child, store.Event{Kind: "x"}) }},
		{"reading what a subject has", 1, func(tx store.Tx) error {
			_, err1 := tx.Owned(a.ID, profile.Household, 0, 10)
			_, err2 := tx.ByName(a.ID, profile.HouseholdName, "c")
			_, err3 := tx.FromByTime(a.ID, store.LinkQuery{Kind: store.FollowLink, Limit: 10})
			_, err4 := tx.ToByTime(a.ID, store.LinkQuery{Kind: store.FollowLink, Limit: 10})
			_, err5 := tx.Versions(a.ID, 10)
			_, err6 := tx.Sessions(a.ID)
			_, err7 := tx.Tickets(a.ID, "k")
			return errors.Join(err1, err2, err3, err4, err5, err6, err7)
		}},
		{"a link", 2, func(tx store.Tx) error {
			return tx.AddLink(&store.Link{Src: a.ID, Kind: store.FollowLink, Dst: b.ID, State: store.LinkActive, Attrs: []byte(`{}`), Created: now})
		}},
		{"a change of a link", 2, func(tx store.Tx) error {
			return tx.SetLink(&store.Link{Src: a.ID, Kind: store.FollowLink, Dst: b.ID, State: store.LinkEnded, Attrs: []byte(`{}`)})
		}},
		{"the end of a link", 2, func(tx store.Tx) error { return tx.DropLink(a.ID, store.FollowLink, b.ID, "") }},
		{"a name of the site and its record", 2, func(tx store.Tx) error {
			return tx.Claim(profile.ID{}, profile.Slug, elsewhere, a.ID)
		}},
		{"a list of all", len(bucketIn), func(tx store.Tx) error {
			_, err := tx.Count(profile.User)
			return err
		}},
	} {
		touched := -1
		err := site.Update(t.Context(), func(tx store.Tx) error {
			if err := c.do(tx); err != nil {
				return err
			}
			if _, err := tx.Age(); err != nil { // sends what waits
				return err
			}
			return watch.QueryRow(t.Context(), `
				SELECT count(DISTINCT substring(k.relname FROM '_p([0-9]+)$')) FROM pg_locks l
				JOIN pg_class k ON k.oid = l.relation AND k.relkind = 'r' AND k.relispartition
				WHERE l.locktype = 'relation' AND l.pid <> pg_backend_pid()`).Scan(&touched)
		})
		if err != nil || touched != c.shards {
			t.Errorf("%s touches %d shards, want %d; %v", c.what, touched, c.shards, err)
		}
	}
}

// nameElsewhere is a name whose row lies in another partition than a bucket.
func nameElsewhere(t *testing.T, conn *pgx.Conn, bucket profile.Bucket) string {
	t.Helper()
	in := func(b profile.Bucket) map[string]bool {
		return partsOf(t, conn, fmt.Sprint("n", b), fmt.Sprintf("SELECT id FROM name WHERE bucket = %d", b))
	}
	here := in(bucket)
	for i := range 100 {
		value := fmt.Sprint("elsewhere", i)
		if !maps.Equal(in(row.NameBucket(profile.Slug, value)), here) {
			return value
		}
	}
	t.Fatal("all names lie in one partition")
	return ""
}
