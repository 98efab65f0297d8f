package storetest

import (
	"errors"

	"facet/internal/profile"
	"facet/internal/store"
)

// An explicit idtag is unique across sites by its host form, and selects site
// and record by it.
func testIDTags(f *fixture) {
	first, second := f.site, f.newSite("second")
	tag := func(value string) profile.Name { return name(profile.IDTag, value) }
	attempt := func(f *fixture, site store.Site, names ...profile.Name) (*store.Record, error) {
		rec := f.user(names...)
		return rec, site.Update(f.ctx, func(tx store.Tx) error { return tx.Create(rec, f.event("user.created")) })
	}
	made := func(f *fixture, site store.Site, names ...profile.Name) *store.Record {
		f.Helper()
		rec, err := attempt(f, site, names...)
		f.wantErr(err, nil)
		return rec
	}
	taken := func(f *fixture, site store.Site, value string) {
		f.Helper()
		_, err := attempt(f, site, tag(value))
		f.wantTaken(err, "idtag")
	}
	at := func(f *fixture, host string, site store.Site, want *store.Record) {
		f.Helper()
		number, id, err := f.s.System().IdentityAt(f.ctx, host)
		f.wantErr(err, nil)
		f.equal(id, want.ID)
		f.equal(f.s.Site(number), site)
	}
	nobody := func(f *fixture, host string) {
		f.Helper()
		_, _, err := f.s.System().IdentityAt(f.ctx, host)
		f.wantErr(err, store.ErrNotFound)
	}

	f.run("an idtag selects its site and record", func(f *fixture) {
		ann, ben := made(f, first, tag("ann@tags.example")), made(f, second, tag("ben@tags.example"))
		at(f, "ann.tags.example", first, ann)
		at(f, "ben.tags.example", second, ben)
		for _, host := range []string{"", "tags.example", "cal.tags.example", "first.example", "second.example"} {
			nobody(f, host)
		}
	})
	f.run("it is taken on every site, and keeps nothing of the call", func(f *fixture) {
		taken(f, first, "ann@tags.example")
		taken(f, first, "ben@tags.example")
		rec, err := attempt(f, second, name(profile.Slug, "cal"), tag("ann@tags.example"))
		f.wantTaken(err, "idtag")
		_, err = second.GetID(f.ctx, rec.ID)
		f.wantErr(err, store.ErrNotFound)
		made(f, second, name(profile.Slug, "cal"))
	})
	f.run("another taken name leaves no host behind", func(f *fixture) {
		_, err := attempt(f, second, tag("free@tags.example"), name(profile.Slug, "cal"))
		f.wantTaken(err, "slug")
		nobody(f, "free.tags.example")
		made(f, first, tag("free@tags.example"))
	})
	f.run("nor does a transaction that fails", func(f *fixture) {
		failed := errors.New("failed")
		f.wantErr(first.Update(f.ctx, func(tx store.Tx) error {
			return errors.Join(tx.Create(f.user(tag("undone@tags.example")), f.event("user.created")), failed)
		}), failed)
		nobody(f, "undone.tags.example")
	})
	f.run("it cannot be a site's host, nor lie in another site's domain", func(f *fixture) {
		for _, value := range []string{"first@example", "second@example", "x@second.example", "x@y.second.example"} {
			taken(f, first, value)
		}
		made(f, first, tag("x@notsecond.example"))
		made(f, first, tag("x@y.first.example")) // its own
	})
	f.run("nor can a site be made of what is one", func(f *fixture) {
		for _, c := range []struct {
			field, domain string
			hosts         []string
		}{
			{"domain", "tags.example", nil}, {"domain", "ann.tags.example", nil}, {"domain", "example", nil},
			{"host", "third.example", []string{"third.example", "ann.tags.example"}},
		} {
			_, err := f.s.System().CreateSite(f.ctx, store.SiteInfo{Name: "third", Domain: c.domain, Hosts: c.hosts, Policy: []byte(`{}`), Created: f.now()})
			f.wantTaken(err, c.field)
		}
		list, err := f.s.System().Sites(f.ctx)
		f.wantErr(err, nil)
		f.equal(len(list), 2)
		f.equal(list[0].Hosts, "[first.example]") // and no idtag's
		save := func(hosts ...string) error {
			_, err := f.s.System().SaveSite(f.ctx, list[0].ID, func(is *store.SiteInfo) error { is.Hosts = hosts; return nil })
			return err
		}
		f.wantTaken(save("first.example", "ann.tags.example"), "host")
		f.wantErr(save("first.example"), nil)
		taken(f, second, "ann@tags.example")
	})
	f.run("a new idtag frees the old one", func(f *fixture) {
		rec := made(f, first, tag("old@tags.example"))
		f.save(rec.ID, func(r *store.Record) { r.Names = []profile.Name{tag("new@tags.example")} })
		nobody(f, "old.tags.example")
		at(f, "new.tags.example", first, rec)
		made(f, second, tag("old@tags.example"))
		old := f.get(rec.ID)
		next := copyOf(old)
		next.Names = []profile.Name{tag("ben@tags.example")}
		f.wantTaken(first.Update(f.ctx, func(tx store.Tx) error { return tx.Save(old, next, f.event("x")) }), "idtag")
		at(f, "new.tags.example", first, rec)
	})
	f.run("erasing and removing free it", func(f *fixture) {
		for value, end := range map[string]func(store.Tx, *store.Record) error{
			"erased@tags.example":  func(tx store.Tx, rec *store.Record) error { return tx.Erase(rec, f.event("x"), nil) },
			"removed@tags.example": func(tx store.Tx, rec *store.Record) error { return tx.Remove(rec, f.event("x")) },
		} {
			rec := made(f, first, tag(value))
			taken(f, second, value)
			f.update(func(tx store.Tx) error { return end(tx, rec) })
			nobody(f, store.HostForm(value))
			at(f, store.HostForm(value), second, made(f, second, tag(value)))
		}
	})
}
