package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// Subject is someone with everything that can be kept for a subject.
type Subject struct {
	*store.Record
	Child, Document, Plan *store.Record
}

// Trace is in every text that EraseSubject gives to the store.
const Trace = "zebra"

// EraseSubject writes a subject of whom every text holds Trace, calls check,
// erases the subject and calls check again: a backend looks for the trace in
// its own tables.
func EraseSubject(t *testing.T, open Open, check func(erased bool)) {
	f := newFixture(t, open)
	s := writeSubject(f)
	check(false)
	f.update(func(tx store.Tx) error {
		rec, err := tx.Record(s.ID)
		if err != nil {
			return err
		}
		rec.Index = s.Record.Index
		return tx.Erase(rec, f.event("user.erased"), s.Index)
	})
	check(true)
}

func writeSubject(f *fixture) Subject {
	f.Helper()
	dress := func(rec *store.Record) *store.Record {
		rec.Attrs, rec.Extras = []byte(`{"a":"`+Trace+`"}`), []byte(`{"e":"`+Trace+`"}`)
		rec.Sort, rec.Search, rec.Password = Trace, Trace, Trace
		rec.Index = []store.Indexed{{Path: "p", Value: Trace + rec.ID.String()}}
		return rec
	}
	s := Subject{Record: dress(f.user(name(profile.Slug, Trace), name(profile.Email, Trace+"@example.com"), name(profile.IDTag, Trace+"@tags.example")))}
	s.Bucket = s.ID.Bucket()
	s.Number = 4242
	s.Child = dress(f.owned(s.Record, profile.Household, ownedName(profile.HouseholdName, Trace)))
	s.Document = dress(f.owned(s.Child, profile.Document, ownedName(profile.DocumentApp, Trace)))
	s.Plan = f.owned(s.Record, profile.Plan, name(profile.PlanSlug, Trace+"-plan"))
	s.Plan.ID, _ = profile.ParseID("6ba7b811-9dad-11d1-80b4-00c04fd430c8") // outside its bucket
	dress(s.Plan)
	f.create(s.Record, s.Child, s.Document, s.Plan)
	for _, rec := range []*store.Record{s.Record, s.Child, s.Document, s.Plan} {
		f.update(func(tx store.Tx) error {
			next := copyOf(rec)
			next.Attrs = []byte(`{"a":"` + Trace + ` 2"}`)
			if err := tx.Save(rec, next, f.event("changed")); err != nil {
				return err
			}
			rec.Version = next.Version
			return errors.Join(
				tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: Trace, Key: Trace, Data: []byte(Trace), Created: f.now()}),
				tx.PutSession(&store.Session{ID: f.id(), Subject: rec.ID, Restriction: []byte(Trace), Created: f.now(), Expires: f.now()}),
				tx.PutTicket(&store.TicketRow{Digest: Trace + rec.ID.String(), Subject: rec.ID, Kind: Trace, Data: []byte(Trace), Created: f.now()}),
				tx.PutAttempts(store.Attempts{Subject: rec.ID, Kind: Trace, Count: 3, Since: f.now()}),
				tx.Enqueue(store.Job{Subject: rec.ID, Kind: Trace, Body: []byte(Trace), Due: f.now()}),
				// without Meta, which the job that deletes the file still needs
				tx.PutBlob(&store.Blob{Key: "b1~" + rec.ID.String(), Media: Trace, Created: f.now()}),
				tx.UseBlob(rec.ID, Trace, "b1~"+rec.ID.String()),
				tx.PutAnswer(&store.Answer{Subject: rec.ID, Key: Trace, Request: Trace, Body: []byte(Trace), Expires: f.now()}, f.now()),
				tx.PutAnswer(&store.Answer{Subject: f.id(), Key: "key", About: rec.ID, Body: []byte(Trace), Expires: f.now()}, f.now()),
				tx.Claim(none, "key", Trace+rec.ID.String(), rec.ID),
				tx.Claim(rec.ID, profile.Subscribed, Trace, f.id()),
				tx.Log(store.Event{At: f.now(), Subject: rec.ID, Kind: "logged", Replaced: []byte(Trace)}),
			)
		})
	}
	return s
}

// Index computes the index rows of the subject's records.
func (s Subject) Index(rec *store.Record) []store.Indexed {
	return []store.Indexed{{Path: "p", Value: Trace + rec.ID.String()}}
}

func testErase(f *fixture) {
	bystander := f.user(name(profile.Slug, "bystander"))
	f.create(bystander)
	s := writeSubject(f)
	before := position(f)
	link := &store.Link{Src: s.ID, Kind: store.SubscriptionLink, Dst: bystander.ID, State: store.LinkEnded, Attrs: []byte(`{}`), Created: f.now()}
	f.update(func(tx store.Tx) error { return tx.AddLink(link) })
	at := f.now()
	f.update(func(tx store.Tx) error {
		rec, err := tx.Record(s.ID)
		if err != nil {
			return err
		}
		rec.Index = s.Record.Index
		return tx.Erase(rec, store.Event{At: at, Kind: "user.erased"}, s.Index)
	})

	f.run("a tombstone, links and one more event stay", func(f *fixture) {
		f.view(func(r store.Reader) error {
			stone, err := r.Tombstone(s.ID)
			f.wantErr(err, nil)
			f.equal(stone, store.Tombstone{ID: s.ID, Type: profile.User, Number: 4242, At: at})
			_, err = r.Link(s.ID, store.SubscriptionLink, bystander.ID, "")
			f.wantErr(err, nil)
			events, err := r.Events(before, -1)
			f.equal(len(events), 1)
			f.equal(events[0].Kind+" "+events[0].Subject.String(), "user.erased "+s.ID.String())
			return err
		})
	})
	f.run("nothing else can be found", func(f *fixture) {
		f.view(func(r store.Reader) error {
			for _, rec := range []*store.Record{s.Record, s.Child, s.Document, s.Plan} {
				_, err := r.Record(rec.ID)
				f.wantErr(err, store.ErrNotFound)
				_, err = r.Versions(rec.ID, -1)
				f.wantErr(err, store.ErrNotFound)
				for _, n := range rec.Names {
					owner := none
					if n.Owned {
						owner = rec.Owner
					}
					_, err = r.ByName(owner, n.Space, n.Value)
					f.wantErr(err, store.ErrNotFound)
				}
				_, err = r.Secret(rec.ID, Trace, Trace)
				f.wantErr(err, store.ErrNotFound)
				sessions, _ := r.Sessions(rec.ID)
				f.equal(len(sessions), 0)
				_, err = r.Answer(rec.ID, Trace)
				f.wantErr(err, store.ErrNotFound)
				_, err = r.Ticket(Trace + rec.ID.String())
				f.wantErr(err, store.ErrNotFound)
				_, err = r.Blob("b1~" + rec.ID.String())
				f.wantErr(err, store.ErrNotFound)
				attempts, _ := r.Attempts(rec.ID, Trace)
				f.equal(attempts.Count, 0)
				owned, _ := r.Owned(rec.ID, profile.Document, 0, -1)
				f.equal(len(owned), 0)
				found, _ := r.Search(store.SearchQuery{Types: []profile.Type{rec.Type}, Term: Trace, Limit: -1})
				f.equal(len(found), 0)
				err = r.Lookup(rec.Type, store.Range{Path: "p"}, func(_ profile.ID, v string) bool {
					if strings.Contains(v, Trace) {
						f.Errorf("index row %s", v)
					}
					return true
				})
				f.wantErr(err, nil)
			}
			return nil
		})
		jobs, err := f.s.System().DueJobs(f.ctx, time.Now().Add(time.Hour), 0, 100)
		f.wantErr(err, nil)
		f.equal(len(jobs), 4) // one for the file of each record
		for _, job := range jobs {
			f.equal(job.Kind, store.BlobJob)
		}
	})
	f.run("tombstones are listed by type, the latest first", func(f *fixture) {
		var ids []profile.ID
		for range 5 {
			rec := f.user()
			rec.Type = "listed"
			f.create(rec)
			f.update(func(tx store.Tx) error { return tx.Erase(rec, f.event("x"), nil) })
			ids = append([]profile.ID{rec.ID}, ids...)
		}
		var got []profile.ID
		var last store.Tombstone
		for {
			page := read(f, func(r store.Reader) ([]store.Tombstone, error) { return r.Tombstones("listed", last, 2) })
			if len(page) == 0 {
				break
			}
			for _, dead := range page {
				f.equal(dead, read(f, func(r store.Reader) (store.Tombstone, error) { return r.Tombstone(dead.ID) }))
				got = append(got, dead.ID)
			}
			last = page[len(page)-1]
		}
		f.equal(got, ids)
	})
	f.run("names and claims are free, and the bystander is untouched", func(f *fixture) {
		f.create(f.user(name(profile.Slug, Trace), name(profile.Email, Trace+"@example.com"), name(profile.IDTag, Trace+"@tags.example"), name(profile.PlanSlug, Trace+"-plan")))
		f.update(func(tx store.Tx) error {
			return errors.Join(tx.Claim(none, "key", Trace+s.ID.String(), bystander.ID), tx.Claim(s.ID, profile.Subscribed, Trace, bystander.ID))
		})
		f.equal(*f.get(bystander.ID), plain(bystander))
	})
}
