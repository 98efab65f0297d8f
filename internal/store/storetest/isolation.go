package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// world is what two sites hold under the same ids, names, numbers and keys.
type world struct {
	f                           *fixture
	user, doc, other, org, sess profile.ID
	at                          time.Time
	populated                   []store.Site
}

const worldNumber = 500

func newWorld(f *fixture) *world {
	w := &world{f: f, user: f.id(), other: f.id(), org: f.id(), sess: f.id(), at: f.now()}
	w.doc = profile.NewIDIn(f.now(), w.user.Bucket())
	return w
}

// record is one of the world's, as a site with that mark holds it.
func (w *world) record(id profile.ID, mark string) *store.Record {
	rec := &store.Record{ID: id, Bucket: id.Bucket(), Type: profile.User, Number: worldNumber, Attrs: fmt.Appendf(nil, `{"v":"%s"}`, mark),
		Extras: []byte(`{}`), Sort: "sort", State: profile.Active, Created: w.at, Updated: w.at, Search: "text " + mark,
		Names: []profile.Name{name(profile.Slug, "slug")}, Index: []store.Indexed{{Path: "p", Value: mark}}}
	switch id {
	case w.doc:
		rec.Type, rec.Owner, rec.Names = profile.Document, w.user, []profile.Name{ownedName(profile.DocumentApp, "1")}
	case w.org:
		rec.Type, rec.Names = profile.Organization, []profile.Name{name(profile.Slug, "org")}
	case w.other:
		rec.Names = []profile.Name{name(profile.Slug, "other")}
	}
	return rec
}

func (w *world) link(mark string) *store.Link {
	return &store.Link{Src: w.user, Kind: store.RoleLink, Dst: w.org, Key: "1", State: store.LinkState(mark),
		Attrs: fmt.Appendf(nil, `{"v":"%s"}`, mark), Created: w.at}
}

func (w *world) secret(mark string) *store.Secret {
	return &store.Secret{Subject: w.user, Kind: "password", Key: "k", Data: []byte(mark), Created: w.at}
}

func (w *world) session(mark string) *store.Session {
	return &store.Session{ID: w.sess, Subject: w.user, Restriction: []byte(mark), Created: w.at, Expires: w.at}
}

func (w *world) ticket(mark string) *store.TicketRow {
	return &store.TicketRow{Digest: "digest", Subject: w.user, Kind: "invitation", Data: []byte(mark), Created: w.at}
}

func (w *world) blob(key, mark string) *store.Blob {
	return &store.Blob{Key: key, Media: "image/" + mark, Size: 3, Meta: fmt.Appendf(nil, `{"v":"%s"}`, mark), Created: w.at}
}

// place is a position that is told apart by its mark.
func (w *world) place(mark string) store.Position {
	return store.Position{Epoch: int64(len(mark)), Tx: int64(mark[0]), Seq: int64(mark[1])}
}

func (w *world) job(mark string) store.Job {
	return store.Job{ID: w.doc, Subject: w.user, Kind: "send", Body: []byte(mark), Due: w.at, Created: w.at, Lane: store.Parked}
}

func (w *world) event(mark string) store.Event {
	return store.Event{At: w.at, Subject: w.user, Kind: "event-" + mark}
}

// populate writes the world into a site.
func (w *world) populate(site store.Site, mark string) {
	w.f.Helper()
	err := site.Update(w.f.ctx, func(tx store.Tx) error {
		for range len(w.populated) + 1 {
			if err := tx.RaiseAge(); err != nil {
				return err
			}
		}
		for _, id := range []profile.ID{w.user, w.doc, w.org} {
			if err := tx.Create(w.record(id, mark), w.event(mark)); err != nil {
				return err
			}
		}
		old, next := w.record(w.org, mark), w.record(w.org, mark)
		old.Version = 1
		next.Extras = fmt.Appendf(nil, `{"x":"%s"}`, mark)
		return errors.Join(tx.Save(old, next, w.event(mark)), tx.AddLink(w.link(mark)), tx.PutSecret(w.secret(mark)),
			tx.PutSession(w.session(mark)), tx.PutTicket(w.ticket(mark)),
			tx.PutAttempts(store.Attempts{Subject: w.user, Kind: mark, Count: 1}),
			tx.PutAnswer(&store.Answer{Subject: w.user, Key: "key", Request: "digest", Body: []byte(mark), Expires: w.at.Add(time.Hour)}, w.at),
			tx.Claim(none, "key", "k", w.user), tx.Claim(w.user, "key", "k", w.org),
			tx.PutMark(w.user, "read", w.place(mark)), tx.Enqueue(w.job(mark)),
			tx.PutBlob(w.blob("b1~shared", mark)), tx.UseBlob(w.user, "picture", "b1~shared"),
			tx.PutBlob(w.blob("b1~cover", mark)), tx.UseBlob(w.user, "cover", "b1~cover"))
	})
	if err != nil {
		w.f.Fatalf("populate %s: %v", mark, err)
	}
	w.populated = append(w.populated, site)
}

// reads has a case for every method that reads: what it gives holds the mark
// of its own site only.
func (w *world) reads() map[string]func(store.Reader) (any, error) {
	record := func(rec *store.Record, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		return fmt.Sprintf("%s %s %v", rec.Attrs, rec.Extras, plain(rec)), nil
	}
	number := func(n int64, err error) (any, error) {
		if errors.Is(err, store.ErrNotFound) {
			return "none", nil
		}
		return n, err
	}
	records := func(list []*store.Record, err error) (any, error) {
		var out []string
		for _, rec := range list {
			out = append(out, string(rec.Attrs))
		}
		return out, err
	}
	return map[string]func(store.Reader) (any, error){
		"Record": func(r store.Reader) (any, error) { return record(r.Record(w.user)) },
		"ByName": func(r store.Reader) (any, error) {
			a, err := record(r.ByName(none, profile.Slug, "slug"))
			b, err2 := record(r.ByName(w.user, profile.DocumentApp, "1"))
			c, err3 := record(r.ByName(none, "key", "k"))
			d, err4 := record(r.ByName(w.user, "key", "k"))
			return []any{a, b, c, d}, errors.Join(err, err2, err3, err4)
		},
		"ByNumber": func(r store.Reader) (any, error) {
			var out []string
			collect := func(rec *store.Record) bool { out = append(out, string(rec.Attrs)); return true }
			return out, errors.Join(r.ByNumber(profile.User, worldNumber, worldNumber, false, collect),
				r.ByNumber(profile.Document, 0, 1<<60, true, collect))
		},
		"Owned":     func(r store.Reader) (any, error) { return records(r.Owned(w.user, profile.Document, 0, -1)) },
		"OwnedDown": func(r store.Reader) (any, error) { return records(r.OwnedDown(w.user, profile.Document, 0, -1)) },
		"Lookup": func(r store.Reader) (any, error) {
			var out []string
			collect := func(id profile.ID, v string) bool { out = append(out, id.String()+v); return true }
			return out, errors.Join(r.Lookup(profile.User, store.Range{Path: "p"}, collect),
				r.Lookup(profile.User, store.Range{Path: "p", High: "~"}, collect))
		},
		"Tombstones": func(r store.Reader) (any, error) {
			list, err := r.Tombstones(profile.User, store.Tombstone{}, 10)
			if len(list) == 0 {
				return "none", err
			}
			return list, err
		},
		"Search": func(r store.Reader) (any, error) {
			types := []profile.Type{profile.User, profile.Organization, profile.Document}
			out := ""
			for _, term := range []string{"text", "", "one", "two"} {
				found, err := r.Search(store.SearchQuery{Types: types, Term: term, Limit: -1})
				if err != nil {
					return nil, err
				}
				out += fmt.Sprint(term, len(found), " ")
			}
			return out, nil
		},
		"CountSearch": func(r store.Reader) (any, error) {
			out := ""
			for _, term := range []string{"text", "", "one", "two"} {
				n, err := r.CountSearch([]profile.Type{profile.User, profile.Organization, profile.Document}, term, -1)
				if err != nil {
					return nil, err
				}
				out += fmt.Sprint(term, n, " ")
			}
			return out, nil
		},
		"Count": func(r store.Reader) (any, error) { return r.Count(profile.User) },
		"Brief": func(r store.Reader) (any, error) {
			var out []string
			err := r.Brief(profile.User, 0, 1<<60, false, func(rec *store.Record) bool { out = append(out, string(rec.Attrs)); return true })
			return out, err
		},
		"Sweep": func(r store.Reader) (any, error) {
			var out []string
			err := r.Sweep(profile.User, 0, 1<<60, false, func() func(*store.Record) bool {
				return func(rec *store.Record) bool { out = append(out, string(rec.Attrs)); return true }
			})
			return out, err
		},
		"NumberAt":     func(r store.Reader) (any, error) { return number(r.NumberAt(profile.User, 0, 1<<60, 0, true)) },
		"CountNumbers": func(r store.Reader) (any, error) { return r.CountNumbers(profile.User, 0, 1<<60) },
		"Values": func(r store.Reader) (any, error) {
			var out []string
			err := r.Values(profile.User, store.Range{Path: "p"}, false, func(v []byte, _ int64) bool { out = append(out, string(v)); return true })
			return out, err
		},
		"Holders": func(r store.Reader) (any, error) {
			return countMarks(func(mark store.LinkState) (n int64, err error) {
				err = r.Holders(profile.User, "p", string(mark), 0, 1<<60, false, func(int64) bool { n++; return true })
				return n, err
			})
		},
		"CountValues": func(r store.Reader) (any, error) {
			return countMarks(func(mark store.LinkState) (int64, error) {
				return r.CountValues(profile.User, store.Range{Path: "p", Low: string(mark), High: string(mark)}, -1)
			})
		},
		"Tombstone": func(r store.Reader) (any, error) {
			t, err := r.Tombstone(w.user)
			if errors.Is(err, store.ErrNotFound) {
				return "none", nil
			}
			return t, err
		},
		"Link": func(r store.Reader) (any, error) {
			l, err := r.Link(w.user, store.RoleLink, w.org, "1")
			if err != nil {
				return nil, err
			}
			return string(l.Attrs), nil
		},
		"From": func(r store.Reader) (any, error) { return links(r.From(w.user, store.RoleLink, none, "", -1)) },
		"To":   func(r store.Reader) (any, error) { return links(r.To(w.org, store.RoleLink, none, "", -1)) },
		"FromByTime": func(r store.Reader) (any, error) {
			return links(r.FromByTime(w.user, store.LinkQuery{Kind: store.RoleLink, Limit: -1}))
		},
		"ToByTime": func(r store.Reader) (any, error) {
			return links(r.ToByTime(w.org, store.LinkQuery{Kind: store.RoleLink, Limit: -1}))
		},
		"CountFrom": func(r store.Reader) (any, error) {
			return countMarks(func(mark store.LinkState) (int64, error) { return r.CountFrom(w.user, store.RoleLink, "", mark, -1) })
		},
		"CountTo": func(r store.Reader) (any, error) {
			return countMarks(func(mark store.LinkState) (int64, error) { return r.CountTo(w.org, store.RoleLink, "", mark, -1) })
		},
		"Secret": func(r store.Reader) (any, error) {
			s, err := r.Secret(w.user, "password", "k")
			if err != nil {
				return nil, err
			}
			return string(s.Data), nil
		},
		"Secrets": func(r store.Reader) (any, error) {
			list, err := r.Secrets(w.user, "password")
			out := fmt.Sprint(len(list))
			for _, s := range list {
				out += string(s.Data)
			}
			return out, err
		},
		"Session": func(r store.Reader) (any, error) {
			s, err := r.Session(w.user, w.sess)
			if err != nil {
				return nil, err
			}
			return string(s.Restriction), nil
		},
		"Sessions": func(r store.Reader) (any, error) {
			list, err := r.Sessions(w.user)
			out := fmt.Sprint(len(list))
			for _, s := range list {
				out += string(s.Restriction)
			}
			return out, err
		},
		"Ticket": func(r store.Reader) (any, error) {
			t, err := r.Ticket("digest")
			if err != nil {
				return nil, err
			}
			return string(t.Data), nil
		},
		"Tickets": func(r store.Reader) (any, error) {
			list, err := r.Tickets(w.user, "invitation")
			out := fmt.Sprint(len(list))
			for _, t := range list {
				out += string(t.Data)
			}
			return out, err
		},
		"TicketsByTime": func(r store.Reader) (any, error) {
			list, err := r.TicketsByTime(w.user, "invitation", store.TicketMark{}, -1)
			out := fmt.Sprint(len(list))
			for _, t := range list {
				out += string(t.Data)
			}
			return out, err
		},
		"Attempts": func(r store.Reader) (any, error) {
			out := ""
			for _, kind := range []string{"one", "two", "new"} {
				a, err := r.Attempts(w.user, kind)
				if err != nil {
					return nil, err
				}
				out += fmt.Sprint(kind, a.Count, " ")
			}
			return out, nil
		},
		"Answer": func(r store.Reader) (any, error) {
			a, err := r.Answer(w.user, "key")
			if err != nil {
				return nil, err
			}
			return string(a.Body), nil
		},
		"Uses": func(r store.Reader) (any, error) { // the same keys on both sites: each is a file of its own
			uses, err := r.Uses(w.user)
			if err != nil || len(uses) == 0 {
				return uses, err
			}
			b, err := r.Blob(uses["cover"])
			if err != nil {
				return nil, err
			}
			return fmt.Sprint(uses, b.Media), nil
		},
		"Blob": func(r store.Reader) (any, error) {
			out := ""
			for _, key := range []string{"b1~shared", "b1~cover", "b1~new"} {
				b, err := r.Blob(key)
				switch {
				case err == nil:
					out += fmt.Sprintf("%s %s %s ", b.Key[:2], b.Media, b.Meta)
				case !errors.Is(err, store.ErrNotFound):
					return nil, err
				}
			}
			if out == "" {
				return nil, store.ErrNotFound
			}
			return out, nil
		},
		"Age": func(r store.Reader) (any, error) {
			n, err := r.Age()
			return append([]string{"none", "one", "two"}, fmt.Sprint(n))[min(n, 3)], err
		},
		"Job": func(r store.Reader) (any, error) {
			j, err := r.Job(w.user, w.doc)
			if err != nil {
				return nil, err
			}
			return string(j.Body), nil
		},
		"JobsOf": func(r store.Reader) (any, error) {
			list, err := r.JobsOf(w.user, store.Parked, none, -1)
			var out []string
			for _, j := range list {
				out = append(out, string(j.Body))
			}
			return out, err
		},
		"CountJobs": func(r store.Reader) (any, error) { return number(r.CountJobs(w.user, store.Parked)) },
		"Mark": func(r store.Reader) (any, error) {
			at, err := r.Mark(w.user, "read")
			for _, mark := range []string{"one", "two", "new"} {
				if at == w.place(mark) {
					return mark, err
				}
			}
			return "none", err
		},
		"Newest": func(r store.Reader) (any, error) {
			at, err := r.Newest()
			if err != nil || at.IsZero() {
				return "none", err
			}
			list, err := r.Events(store.Position{}, -1)
			f := list[len(list)-1]
			if f.Position != at {
				return at, fmt.Errorf("the newest is %v, listed last %v", at, f.Position)
			}
			return fmt.Sprint(f.Kind, at), err
		},
		"Events": func(r store.Reader) (any, error) {
			list, err := r.Events(store.Position{}, -1)
			out := ""
			for _, e := range list {
				out += e.Kind + " "
			}
			return out, err
		},
		"Versions": func(r store.Reader) (any, error) {
			list, err := r.Versions(w.org, -1)
			return printed(list), err
		},
		"EachVersion": func(r store.Reader) (any, error) {
			var list []store.Version
			err := r.EachVersion(w.org, func(v store.Version) bool { list = append(list, v); return true })
			return printed(list), err
		},
	}
}

// countMarks counts the links that each writer of a world has left.
func countMarks(count func(mark store.LinkState) (int64, error)) (any, error) {
	out := ""
	for _, mark := range []string{"one", "two", "new"} {
		n, err := count(store.LinkState(mark))
		if err != nil {
			return nil, err
		}
		out += fmt.Sprint(mark, n, " ")
	}
	return out, nil
}

func links(list []*store.Link, err error) (any, error) {
	out := fmt.Sprint(len(list))
	for _, l := range list {
		out += fmt.Sprintf(" %v %s", *l, l.Attrs)
	}
	return out, err
}

// writes has a case for every method that writes.
func (w *world) writes() map[string]func(store.Tx) error {
	const mark = "new"
	stored := func(tx store.Tx, id profile.ID, fn func(*store.Record) error) error {
		rec, err := tx.Record(id)
		if err != nil {
			return err
		}
		return fn(rec)
	}
	return map[string]func(store.Tx) error{
		"Create": func(tx store.Tx) error { return tx.Create(w.record(w.other, mark), w.event(mark)) },
		"CreateMany": func(tx store.Tx) error {
			failed, err := tx.CreateMany([]store.Creation{{Record: w.record(w.other, mark), Event: w.event(mark)}})
			w.f.equal(failed == nil, true)
			return err
		},
		"Save": func(tx store.Tx) error {
			return stored(tx, w.user, func(old *store.Record) error {
				next := w.record(w.user, mark)
				next.Names = append(next.Names, name(profile.Email, "new@example.com"))
				return tx.Save(old, next, w.event(mark))
			})
		},
		"Refresh": func(tx store.Tx) error {
			return stored(tx, w.user, func(old *store.Record) error {
				next := w.record(w.user, mark)
				next.Names = append(next.Names, name(profile.Email, "new@example.com"))
				return tx.Refresh(old, next)
			})
		},
		"Amend": func(tx store.Tx) error {
			return tx.Amend(w.org, func(r *store.Replaced) bool {
				r.Extras = new(`{"x":"new"}`)
				return true
			})
		},
		"DropIndex": func(tx store.Tx) error {
			n, err := tx.DropIndex(profile.User, "p", 100)
			w.f.equal(n, 1)
			return err
		},
		"Remove": func(tx store.Tx) error {
			return stored(tx, w.doc, func(rec *store.Record) error { return tx.Remove(rec, w.event(mark)) })
		},
		"Erase": func(tx store.Tx) error {
			return stored(tx, w.user, func(rec *store.Record) error { return tx.Erase(rec, w.event(mark), nil) })
		},
		"Touch":        func(tx store.Tx) error { return tx.Touch(w.user, w.at) },
		"AddLink":      func(tx store.Tx) error { l := w.link(mark); l.Key = "2"; return tx.AddLink(l) },
		"SetLink":      func(tx store.Tx) error { return tx.SetLink(w.link(mark)) },
		"DropLink":     func(tx store.Tx) error { return tx.DropLink(w.user, store.RoleLink, w.org, "1") },
		"PutSecret":    func(tx store.Tx) error { return tx.PutSecret(w.secret(mark)) },
		"DropSecret":   func(tx store.Tx) error { return tx.DropSecret(w.user, "password", "k") },
		"PutSession":   func(tx store.Tx) error { return tx.PutSession(w.session(mark)) },
		"DropSession":  func(tx store.Tx) error { return tx.DropSession(w.user, w.sess) },
		"DropSessions": func(tx store.Tx) error { return tx.DropSessions(w.user) },
		"PutTicket":    func(tx store.Tx) error { return tx.PutTicket(w.ticket(mark)) },
		"DropTicket":   func(tx store.Tx) error { return tx.DropTicket("digest") },
		"PutAttempts": func(tx store.Tx) error {
			return tx.PutAttempts(store.Attempts{Subject: w.user, Kind: mark, Count: 9})
		},
		"PutAnswer": func(tx store.Tx) error {
			return tx.PutAnswer(&store.Answer{Subject: w.user, Key: "key", Body: []byte(mark), Expires: w.at.Add(9 * time.Hour)}, w.at.Add(8*time.Hour))
		},
		"Claim":    func(tx store.Tx) error { return tx.Claim(none, profile.Slug, "claimed", w.user) },
		"Release":  func(tx store.Tx) error { return tx.Release(none, "key", "k") },
		"PutBlob":  func(tx store.Tx) error { return tx.PutBlob(w.blob("b1~new", mark)) },
		"UseBlob":  func(tx store.Tx) error { return tx.UseBlob(w.user, "picture", "") },
		"DropUses": func(tx store.Tx) error { return tx.DropUses(w.user) },
		"Log":      func(tx store.Tx) error { return tx.Log(w.event(mark)) },
		"PutMark":  func(tx store.Tx) error { return tx.PutMark(w.user, "read", w.place(mark)) },
		"PutJob": func(tx store.Tx) error {
			_, err := tx.PutJob(w.job(mark))
			return err
		},
		"DropJob": func(tx store.Tx) error { return tx.DropJob(w.job(mark)) },
		"Prune": func(tx store.Tx) error {
			last, err := tx.Newest()
			if err != nil {
				return err
			}
			_, err = tx.Prune(w.at.Add(time.Microsecond), last, 2)
			return err
		},
		"RaiseAge": func(tx store.Tx) error { return tx.RaiseAge() },
	}
}

// apart has the methods whose isolation is shown otherwise, and where.
var apart = []string{
	"Lock",        // reads only: below
	"LockMany",    // reads only: below
	"HoldSession", // reads only: below
	"Numbers",     // below
	"Enqueue",     // below
	"HoldAge",     // reads only: testAge
	"JobsWaiting", // testJobs
}

func testIsolation(f *fixture) {
	one, two, empty := f.site, f.newSite("second"), f.newSite("third")
	w := newWorld(f)
	w.populate(one, "one")
	w.populate(two, "two")

	f.run("every method has a case", func(f *fixture) {
		var have []string
		for m := range w.reads() {
			have = append(have, m)
		}
		for m := range w.writes() {
			have = append(have, m)
		}
		have = append(have, apart...)
		slices.Sort(have)
		f.equal(have, methodsOf[store.Tx]())
		f.equal(methodsOf[store.Site](), "[Get GetID Glance Update View]")
	})

	for method, fn := range w.reads() {
		f.run(method+" reads its own site", func(f *fixture) {
			for _, in := range []struct {
				site       store.Site
				own, else_ string
			}{{one, "one", "two"}, {two, "two", "one"}, {empty, "none", "one"}} {
				var got any
				err := in.site.View(f.ctx, func(r store.Reader) (err error) {
					got, err = fn(r)
					return err
				})
				shown := fmt.Sprint(got)
				again := in.site.Glance(store.WithRecency(f.ctx, store.NewRecency(store.Mark{}, true)), 0, nil, func(r store.Reader) (err error) {
					got, err = fn(r)
					return err
				})
				f.equal(fmt.Sprint(got), shown)
				f.equal(fmt.Sprint(again), fmt.Sprint(err))
				if in.own == "none" {
					if err != nil {
						f.wantErr(err, store.ErrNotFound)
					} else if strings.ContainsAny(strings.NewReplacer("text0", "", "one0", "", "two0", "", "new0", "", "none", "").Replace(shown), "otwx123456789") {
						f.Errorf("an empty site shows %s", shown)
					}
					continue
				}
				f.wantErr(err, nil)
				switch method {
				case "Count", "CountNumbers", "CountJobs":
					f.equal(got, 1)
				case "NumberAt":
					f.equal(got, worldNumber)
				case "Tombstone", "Tombstones":
					f.equal(got, "none")
				case "Search", "CountSearch":
					f.equal(shown, fmt.Sprintf("text3 3 one%d two%d ", 3*strings.Count(in.own, "one"), 3*strings.Count(in.own, "two")))
				case "CountFrom", "CountTo", "Holders", "CountValues":
					f.equal(shown, fmt.Sprintf("one%d two%d new0 ", strings.Count(in.own, "one"), strings.Count(in.own, "two")))
				case "Attempts":
					f.equal(shown, fmt.Sprintf("one%d two%d new0 ", strings.Count(in.own, "one"), strings.Count(in.own, "two")))
				default:
					if !strings.Contains(shown, in.own) || strings.Contains(shown, in.else_) {
						f.Errorf("site %s shows %s", in.own, shown)
					}
				}
			}
		})
	}

	f.run("Get and GetID read their own site", func(f *fixture) {
		for mark, site := range map[string]store.Site{"one": one, "two": two} {
			a, err := site.Get(f.ctx, profile.Slug, "slug")
			f.wantErr(err, nil)
			b, err := site.GetID(f.ctx, w.user)
			f.wantErr(err, nil)
			f.equal(string(a.Attrs)+string(b.Attrs), fmt.Sprintf(`{"v":"%s"}{"v":"%s"}`, mark, mark))
		}
		_, err := empty.Get(f.ctx, profile.Slug, "slug")
		f.wantErr(err, store.ErrNotFound)
		_, err = empty.GetID(f.ctx, w.user)
		f.wantErr(err, store.ErrNotFound)
	})

	f.run("Lock, HoldSession, Numbers and Enqueue are of their own site", func(f *fixture) {
		f.wantErr(empty.Update(f.ctx, func(tx store.Tx) error { return tx.Lock(w.user) }), store.ErrNotFound)
		f.wantErr(empty.Update(f.ctx, func(tx store.Tx) error {
			there, err := tx.LockMany([]profile.ID{w.user})
			f.equal(there, []bool{false})
			return err
		}), nil)
		f.wantErr(empty.Update(f.ctx, func(tx store.Tx) error {
			_, err := tx.HoldSession(w.user, w.sess)
			return err
		}), store.ErrNotFound)
		var first [2]int64
		for i, site := range []store.Site{one, two} {
			err := site.Update(f.ctx, func(tx store.Tx) (err error) {
				first[i], err = tx.Numbers(100)
				return errors.Join(err, tx.Lock(w.user), tx.Enqueue(store.Job{Kind: "x", Body: []byte(`{}`), Due: w.at}))
			})
			f.wantErr(err, nil)
		}
		f.equal(first[0], first[1]) // each site has its own sequence
		jobs, err := f.s.System().DueJobs(f.ctx, w.at, time.Hour, 10)
		f.wantErr(err, nil)
		f.equal(len(jobs), 2)
		f.equal(jobs[0].Site+jobs[1].Site, 3)
		f.wantErr(f.s.System().FinishJob(f.ctx, jobs[0]), nil)
		left, err := f.s.System().DueJobs(f.ctx, w.at.Add(2*time.Hour), time.Hour, 10)
		f.wantErr(err, nil)
		f.equal(len(left), 1)
		f.equal(left[0].Site, jobs[1].Site)
	})

	for method, fn := range w.writes() {
		f.run(method+" writes its own site", func(f *fixture) {
			// Fresh sites for each method: both hold the same world.
			a, b := f.newSite(method+"-a"), f.newSite(method+"-b")
			w := *w
			w.f = f
			w.populate(a, "one")
			w.populate(b, "two")
			beforeA, beforeB := w.dump(a), w.dump(b)
			f.wantErr(a.Update(f.ctx, fn), nil)
			f.equal(w.dump(b), beforeB)
			afterA := w.dump(a)
			if afterA == beforeA {
				f.Error("nothing was written")
			}
			// The same ids and names are free in the other site.
			f.wantErr(b.Update(f.ctx, fn), nil)
			f.equal(w.dump(a), afterA)
			if w.dump(b) == beforeB {
				f.Error("nothing was written to the second")
			}
		})
	}
}

// dump shows all that can be read of the world in a site.
func (w *world) dump(site store.Site) string {
	w.f.Helper()
	return dumpWith(w.f, site, func(r store.Reader) string {
		var b strings.Builder
		cases := w.reads()
		var methods []string
		for m := range cases {
			methods = append(methods, m)
		}
		slices.Sort(methods)
		for _, m := range methods {
			got, err := cases[m](r)
			fmt.Fprintf(&b, "%s: %v %v\n", m, got, err)
		}
		for _, n := range []profile.Name{name(profile.Slug, "claimed"), name(profile.Slug, "other"), name("key", "k")} {
			rec, err := r.ByName(none, n.Space, n.Value)
			fmt.Fprintf(&b, "%s: %v %v\n", n.Value, rec != nil, err)
		}
		return b.String()
	})
}

// dump shows the events and the lists of a site.
func dump(f *fixture, site store.Site) string {
	f.Helper()
	return dumpWith(f, site, func(r store.Reader) string {
		var b strings.Builder
		events, err := r.Events(store.Position{}, -1)
		age, err2 := r.Age()
		fmt.Fprintln(&b, events, err, age, err2)
		for _, t := range []profile.Type{profile.User, profile.Organization, profile.Document} {
			err := r.ByNumber(t, 0, 1<<60, false, func(rec *store.Record) bool {
				fmt.Fprintf(&b, "%v\n", plain(rec))
				return true
			})
			found, err2 := r.Search(store.SearchQuery{Types: []profile.Type{t}, Limit: -1})
			fmt.Fprintln(&b, found, err, err2)
		}
		return b.String()
	})
}

func dumpWith(f *fixture, site store.Site, fn func(store.Reader) string) (out string) {
	f.Helper()
	err := site.View(f.ctx, func(r store.Reader) error {
		out = fn(r)
		return nil
	})
	f.wantErr(err, nil)
	return out
}
