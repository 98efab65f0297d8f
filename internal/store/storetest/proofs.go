package storetest

import (
	"errors"
	"fmt"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

func testProofs(f *fixture) {
	f.run("secrets", func(f *fixture) {
		who := f.id()
		secret := func(kind, key string, data []byte) *store.Secret {
			return &store.Secret{Subject: who, Kind: kind, Key: key, Data: data, Created: f.now(), Expires: f.now()}
		}
		all := []*store.Secret{secret("client", "A", []byte{0, 255, 0}), secret("client", "a", []byte("x")),
			secret("client", "é", []byte("y")), secret("password", "", []byte("hash"))}
		f.update(func(tx store.Tx) error {
			var err error
			for _, s := range all {
				err = errors.Join(err, tx.PutSecret(s))
			}
			return err
		})
		f.view(func(r store.Reader) error {
			got, err := r.Secret(who, "client", "A")
			f.wantErr(err, nil)
			f.equal(*got, *all[0])
			list, err := r.Secrets(who, "client")
			f.wantErr(err, nil)
			f.equal(len(list), 3)
			for i := range list {
				f.equal(*list[i], *all[i])
			}
			_, err = r.Secret(who, "password", "a")
			f.wantErr(err, store.ErrNotFound)
			_, err = r.Secret(f.id(), "password", "")
			f.wantErr(err, store.ErrNotFound)
			return nil
		})
		next := secret("password", "", []byte("other"))
		next.Expires = time.Time{}
		f.update(func(tx store.Tx) error {
			return errors.Join(tx.PutSecret(next), tx.DropSecret(who, "client", "A"), tx.DropSecret(who, "client", "A"))
		})
		f.view(func(r store.Reader) error {
			got, err := r.Secret(who, "password", "")
			f.wantErr(err, nil)
			f.equal(*got, *next)
			list, err := r.Secrets(who, "client")
			f.equal(len(list), 2)
			return err
		})
		site := &store.Secret{Kind: "signing", Key: "1", Data: []byte("sealed"), Created: f.now()}
		f.update(func(tx store.Tx) error { return tx.PutSecret(site) })
		f.equal(*read(f, func(r store.Reader) (*store.Secret, error) { return r.Secret(none, "signing", "1") }), *site)
	})

	f.run("sessions", func(f *fixture) {
		who := f.id()
		session := func() *store.Session {
			return &store.Session{ID: f.id(), Subject: who, Created: f.now(), Expires: f.now(), Generation: 3}
		}
		a, b := session(), session()
		b.Restriction = []byte(`{"child":"x","n":1.10}`)
		put := func(s *store.Session) { f.update(func(tx store.Tx) error { return tx.PutSession(s) }) }
		list := func() []*store.Session {
			return read(f, func(r store.Reader) ([]*store.Session, error) { return r.Sessions(who) })
		}
		put(a)
		put(b)
		f.view(func(r store.Reader) error {
			for _, want := range []*store.Session{a, b} {
				got, err := r.Session(who, want.ID)
				f.wantErr(err, nil)
				f.equal(*got, *want)
			}
			_, err := r.Session(f.id(), a.ID)
			f.wantErr(err, store.ErrNotFound)
			return nil
		})
		f.equal(len(list()), 2)
		a.Generation, a.Expires, a.Restriction = 4, f.now(), []byte(`{}`)
		put(a)
		f.equal(*read(f, func(r store.Reader) (*store.Session, error) { return r.Session(who, a.ID) }), *a)
		f.update(func(tx store.Tx) error {
			held, err := tx.HoldSession(who, a.ID)
			f.equal(*held, *a)
			return err
		})
		f.update(func(tx store.Tx) error { return errors.Join(tx.DropSession(who, a.ID), tx.DropSession(who, a.ID)) })
		f.equal(len(list()), 1)
		err := f.site.Update(f.ctx, func(tx store.Tx) error {
			_, err := tx.HoldSession(who, a.ID)
			return err
		})
		f.wantErr(err, store.ErrNotFound)
		f.update(func(tx store.Tx) error { return tx.DropSessions(who) })
		f.equal(len(list()), 0)
	})

	f.run("tickets", func(f *fixture) {
		who, next := f.id(), f.id()
		ticket := &store.TicketRow{Digest: "d1", Subject: who, Kind: "invitation", Data: []byte(`{"to":1.10}`), Uses: -1, Created: f.now(), Expires: f.now()}
		put := func(v *store.TicketRow) { f.update(func(tx store.Tx) error { return tx.PutTicket(v) }) }
		check := func(want *store.TicketRow) {
			f.Helper()
			f.equal(*read(f, func(r store.Reader) (*store.TicketRow, error) { return r.Ticket(want.Digest) }), *want)
		}
		put(ticket)
		check(ticket)
		ticket.Uses, ticket.Data, ticket.Expires = 2, []byte(`{}`), time.Time{}
		put(ticket)
		check(ticket)
		ticket.Subject = next
		put(ticket)
		check(ticket)
		ofSite := &store.TicketRow{Digest: "d2", Kind: "registration", Data: []byte(`{}`), Created: f.now()}
		put(ofSite)
		check(ofSite)
		f.update(func(tx store.Tx) error { return errors.Join(tx.DropTicket("d1"), tx.DropTicket("d1")) })
		f.view(func(r store.Reader) error {
			for _, digest := range []string{"d1", "D2", ""} {
				_, err := r.Ticket(digest)
				f.wantErr(err, store.ErrNotFound)
			}
			return nil
		})
		put(ticket)
		check(ticket)
	})

	f.run("tickets of a kind", func(f *fixture) {
		who := f.id()
		ticket := func(digest, kind string, subject profile.ID) *store.TicketRow {
			v := &store.TicketRow{Digest: digest, Subject: subject, Kind: kind, Data: []byte(`{"n":1.10}`), Uses: -1, Created: f.now(), Expires: f.now()}
			f.update(func(tx store.Tx) error { return tx.PutTicket(v) })
			return v
		}
		list := func(subject profile.ID, kind string) string {
			out := ""
			for _, v := range read(f, func(r store.Reader) ([]*store.TicketRow, error) { return r.Tickets(subject, kind) }) {
				out += fmt.Sprintf("%+v ", *v)
			}
			return out
		}
		b, a, other := ticket("kb", "kind", who), ticket("ka", "kind", who), ticket("kc", "other", who)
		ofSite := ticket("kd", "kind", none)
		f.equal(list(who, "kind"), fmt.Sprintf("%+v %+v ", *a, *b))
		f.equal(list(who, "other"), fmt.Sprintf("%+v ", *other))
		f.equal(list(none, "kind"), fmt.Sprintf("%+v ", *ofSite))
		f.equal(list(f.id(), "kind"), "")
		f.update(func(tx store.Tx) error { return tx.DropTicket("ka") })
		f.equal(list(who, "kind"), fmt.Sprintf("%+v ", *b))
	})

	f.run("tickets of a kind by time", func(f *fixture) {
		who := f.id()
		var all []string // newest first
		for i := range 7 {
			v := &store.TicketRow{Digest: fmt.Sprint("t", i), Subject: who, Kind: "timed", Data: []byte(`{}`), Created: f.now().Add(time.Duration(i/2) * time.Second)}
			f.update(func(tx store.Tx) error { return tx.PutTicket(v) })
			all = append([]string{v.Digest}, all...)
		}
		f.update(func(tx store.Tx) error {
			return tx.PutTicket(&store.TicketRow{Digest: "t9", Subject: who, Kind: "untimed", Data: []byte(`{}`), Created: f.now()})
		})
		for size := range 9 {
			var got []string
			for at := (store.TicketMark{}); ; {
				page := read(f, func(r store.Reader) ([]*store.TicketRow, error) { return r.TicketsByTime(who, "timed", at, size-1) })
				for _, v := range page {
					got = append(got, v.Digest)
					at = store.TicketMark{Created: v.Created, Digest: v.Digest}
				}
				if len(page) == 0 || size == 0 {
					break
				}
			}
			if want := all; size != 1 {
				f.equal(got, want)
			} else {
				f.equal(len(got), 0)
			}
		}
		f.equal(len(read(f, func(r store.Reader) ([]*store.TicketRow, error) {
			return r.TicketsByTime(f.id(), "timed", store.TicketMark{}, -1)
		})), 0)
	})

	f.run("attempts", func(f *fixture) {
		who := f.id()
		get := func(id profile.ID, kind string) store.Attempts {
			return read(f, func(r store.Reader) (store.Attempts, error) { return r.Attempts(id, kind) })
		}
		f.equal(get(who, "password").Count, 0)
		a := store.Attempts{Subject: who, Kind: "password", Count: 3, Since: f.now(), Until: f.now()}
		f.update(func(tx store.Tx) error { return tx.PutAttempts(a) })
		f.equal(get(who, "password"), a)
		f.equal(get(who, "code").Count, 0)
		a.Count, a.Until = 4, time.Time{}
		f.update(func(tx store.Tx) error { return tx.PutAttempts(a) })
		f.equal(get(who, "password"), a)
	})

	f.run("answers", func(f *fixture) {
		who, made := f.user(), f.user()
		f.create(who, made)
		start := f.now()
		answer := &store.Answer{Subject: who.ID, Key: "Ké y", Request: "digest", About: made.ID, Expires: start.Add(time.Hour)}
		put := func(a *store.Answer, now time.Time) error {
			return f.site.Update(f.ctx, func(tx store.Tx) error { return tx.PutAnswer(a, now) })
		}
		check := func(want *store.Answer) {
			f.Helper()
			f.equal(*read(f, func(r store.Reader) (*store.Answer, error) { return r.Answer(who.ID, want.Key) }), *want)
		}
		gone := func(key string) {
			f.Helper()
			f.wantErr(f.site.View(f.ctx, func(r store.Reader) error {
				_, err := r.Answer(who.ID, key)
				return err
			}), store.ErrNotFound)
		}
		gone(answer.Key)
		answer.Status, answer.Body = 201, []byte(`{"a":1.10}`)
		f.wantErr(put(answer, start), nil)
		check(answer)
		f.wantTaken(put(answer, start.Add(time.Hour-time.Microsecond)), "idempotency")

		// Another caller's key is another key; keys are exact.
		f.wantErr(put(&store.Answer{Subject: f.id(), Key: answer.Key, Expires: start.Add(time.Hour)}, start), nil)
		f.wantErr(put(&store.Answer{Subject: who.ID, Key: "ké y", Expires: start.Add(2 * time.Hour)}, start), nil)

		// What has expired is nobody's, and goes with the caller's next.
		other := *answer
		other.Key, other.Expires = "next", start.Add(4*time.Hour)
		f.wantErr(put(&other, start.Add(time.Hour)), nil)
		gone(answer.Key)
		answer.Request, answer.Expires = "again", start.Add(3*time.Hour)
		f.wantErr(put(answer, start.Add(2*time.Hour)), nil)
		check(answer)
		gone("ké y")

		// An answer goes when whom it tells of is erased.
		f.update(func(tx store.Tx) error { return tx.Erase(made, f.event("user.erased"), nil) })
		gone(answer.Key)
		gone("next")
	})
}
