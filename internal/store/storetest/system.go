package storetest

import (
	"errors"
	"reflect"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// methodsOf lists the methods of an interface.
func methodsOf[T any]() []string {
	t := reflect.TypeFor[T]()
	var names []string
	for i := range t.NumMethod() {
		names = append(names, t.Method(i).Name)
	}
	sort.Strings(names)
	return names
}

func testSystem(f *fixture) {
	f.run("system reaches sites, hosts and jobs, and no tenant's records", func(f *fixture) {
		// Whoever adds a method here says why it cannot be a method of Site.
		f.equal(methodsOf[store.System](), "[CreateSite DueIn DueJobs FinishJob IdentityAt RetryJob SaveSite Sites]")
	})
	sys := f.s.System()
	site := store.SiteInfo{Name: "acme", Domain: "acme.example", Policy: []byte(`{"n":1.10}`), Default: true,
		Hosts: []string{"a.example", "b.example"}, Created: f.now()}

	f.run("a site comes back as it was given", func(f *fixture) {
		got, err := sys.CreateSite(f.ctx, site)
		f.wantErr(err, nil)
		if got.ID <= 1 {
			f.Errorf("id is %d", got.ID)
		}
		site.ID = got.ID
		f.equal(got, site)
		list, err := sys.Sites(f.ctx)
		f.wantErr(err, nil)
		f.equal(len(list), 2)
		f.equal(list[1], site)
	})
	f.run("name, domain, host and default are unique", func(f *fixture) {
		for field, info := range map[string]store.SiteInfo{
			"name":    {Name: "acme", Domain: "x.example"},
			"domain":  {Name: "x", Domain: "acme.example"},
			"host":    {Name: "x", Domain: "x.example", Hosts: []string{"new.example", "b.example"}},
			"default": {Name: "x", Domain: "x.example", Default: true},
		} {
			info.Policy, info.Created = []byte(`{}`), f.now()
			_, err := sys.CreateSite(f.ctx, info)
			f.wantTaken(err, field)
		}
		list, err := sys.Sites(f.ctx)
		f.wantErr(err, nil)
		f.equal(len(list), 2)
		_, err = sys.CreateSite(f.ctx, store.SiteInfo{Name: "ACME", Domain: "x.example", Policy: []byte(`{}`), Hosts: []string{"new.example"}, Created: f.now()})
		f.wantErr(err, nil)
	})
	save := func(info store.SiteInfo) error {
		_, err := sys.SaveSite(f.ctx, info.ID, func(is *store.SiteInfo) error { *is = info; return nil })
		return err
	}
	f.run("saving replaces policy, hosts and default", func(f *fixture) {
		next := site
		next.Policy, next.Hosts, next.Default = []byte(`{}`), []string{"b.example", "c.example"}, false
		f.wantErr(save(next), nil)
		list, err := sys.Sites(f.ctx)
		f.wantErr(err, nil)
		f.equal(list[1], next)
		next.Hosts = []string{"c.example", "new.example"}
		f.wantTaken(save(next), "host")
		list, _ = sys.Sites(f.ctx)
		f.equal(list[1].Hosts, "[b.example c.example]")
		next.ID = 999
		f.wantErr(save(next), store.ErrNotFound)
		first := list[0]
		first.Default, first.Hosts = true, []string{"a.example"}
		f.wantErr(save(first), nil)
		list[1].Default = true
		f.wantTaken(save(list[1]), "default")
	})
	f.run("of two that save a site at once, neither undoes what the other has done", func(f *fixture) {
		const each = 10
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for range each {
					_, err := sys.SaveSite(f.ctx, site.ID, func(is *store.SiteInfo) error {
						is.Policy = append(is.Policy, ' ')
						return nil
					})
					f.wantErr(err, nil)
				}
			})
		}
		wait.Wait()
		list, err := sys.Sites(f.ctx)
		f.wantErr(err, nil)
		f.equal(len(list[1].Policy), 2+4*each)
		f.equal(list[1].Hosts, "[b.example c.example]")
		refused := errors.New("refused")
		_, err = sys.SaveSite(f.ctx, site.ID, func(is *store.SiteInfo) error { is.Policy = nil; return refused })
		f.wantErr(err, refused)
	})
	f.run("a store is ready until it is closed", func(f *fixture) {
		f.wantErr(f.s.Ready(f.ctx), nil)
		old, id := f.s, f.id()
		f.s = f.reopen()
		list, err := f.s.System().Sites(f.ctx)
		f.wantErr(err, nil)
		f.equal(len(list), 3)
		f.wantErr(old.Ready(f.ctx), store.ErrClosed)
		_, err = old.Site(1).GetID(f.ctx, id)
		f.wantErr(err, store.ErrClosed)
		f.wantErr(old.Site(1).View(f.ctx, func(store.Reader) error { return nil }), store.ErrClosed)
		f.wantErr(old.Site(1).Update(f.ctx, func(store.Tx) error { return nil }), store.ErrClosed)
		f.wantErr(old.Close(), nil)
		f.wantErr(f.s.Ready(f.ctx), nil)
	})
}

func testJobs(f *fixture) {
	sys, second := f.s.System(), f.newSite("second")
	add := func(site store.Site, j store.Job) {
		f.Helper()
		if err := site.Update(f.ctx, func(tx store.Tx) error { return tx.Enqueue(j) }); err != nil {
			f.Fatal(err)
		}
	}
	due := func(now time.Time, lease time.Duration, limit int) []store.Job {
		f.Helper()
		jobs, err := sys.DueJobs(f.ctx, now, lease, limit)
		f.wantErr(err, nil)
		return jobs
	}
	start := f.now().Add(time.Hour)

	f.run("a job comes back as it was given, with its site", func(f *fixture) {
		j := store.Job{ID: f.id(), Subject: f.id(), Kind: "mail", Body: []byte(`{"n":1.10}`), Due: start, Created: f.now()}
		add(f.site, j)
		f.equal(len(due(start.Add(-time.Microsecond), time.Minute, 10)), 0)
		got := due(start, time.Minute, 10)
		f.equal(len(got), 1)
		j.Site = 1
		f.equal(got[0], j)
	})
	f.run("a leased job is nobody else's until the lease ends", func(f *fixture) {
		f.equal(len(due(start.Add(59*time.Second), time.Minute, 10)), 0)
		again := due(start.Add(time.Minute), time.Minute, 10)
		f.equal(len(again), 1)
		f.wantErr(sys.RetryJob(f.ctx, again[0], start.Add(time.Hour)), nil)
		f.equal(len(due(start.Add(59*time.Minute), time.Minute, 10)), 0)
		again = due(start.Add(time.Hour), time.Minute, 10)
		f.equal(again[0].Tries, 1)
		f.wantErr(sys.FinishJob(f.ctx, again[0]), nil)
		f.wantErr(sys.FinishJob(f.ctx, again[0]), nil)
		f.wantErr(sys.RetryJob(f.ctx, again[0], start), nil)
		f.equal(len(due(start.Add(24*time.Hour), time.Minute, 10)), 0)
	})
	f.run("jobs are counted for a site, up to a bound, and those that failed", func(f *fixture) {
		counted := f.newSite("counted")
		count := func(site store.Site, failed bool, max int64) (n int64) {
			f.wantErr(site.View(f.ctx, func(r store.Reader) (err error) {
				n, err = r.JobsWaiting(failed, max)
				return err
			}), nil)
			return n
		}
		f.equal(count(counted, false, 10), 0)
		for range 3 {
			add(counted, store.Job{Kind: "mail", Body: []byte(`{}`), Due: start.Add(100 * time.Hour)})
		}
		f.equal(count(counted, false, 10), 3)
		f.equal(count(counted, false, 2), 2)
		f.equal(count(counted, true, 10), 0)
		f.equal(count(f.site, false, 10), 0)
		jobs := due(start.Add(100*time.Hour), time.Minute, 10)
		f.equal(len(jobs), 3)
		f.wantErr(sys.RetryJob(f.ctx, jobs[0], start.Add(200*time.Hour)), nil)
		f.equal(count(counted, true, 10), 1)
		f.equal(count(counted, false, 10), 3)
		for _, j := range jobs {
			f.wantErr(sys.FinishJob(f.ctx, j), nil)
		}
		f.equal(count(counted, false, 10), 0)
	})
	f.run("a failed update leaves no job", func(f *fixture) {
		_ = f.site.Update(f.ctx, func(tx store.Tx) error {
			if err := tx.Enqueue(store.Job{Kind: "mail", Due: start, Body: []byte(`{}`)}); err != nil {
				return err
			}
			return store.ErrVersion
		})
		f.equal(len(due(start.Add(24*time.Hour), time.Minute, 10)), 0)
	})
	f.run("the earliest come first, of every site, up to the limit", func(f *fixture) {
		for i := range 6 {
			site := f.site
			if i%2 == 1 {
				site = second
			}
			add(site, store.Job{Kind: "x", Body: []byte(`{}`), Due: start.Add(time.Duration(5-i) * time.Second)})
		}
		got := due(start.Add(time.Minute), time.Minute, 4)
		f.equal(len(got), 4)
		for i, j := range got {
			f.equal(j.Due, start.Add(time.Duration(i)*time.Second))
			f.equal(j.Site, []store.SiteID{2, 1}[i%2])
			f.wantErr(sys.FinishJob(f.ctx, j), nil)
		}
		f.equal(len(due(start.Add(time.Minute), time.Hour, 10)), 2)
	})
	f.run("each lane has its own jobs, and a parked one waits until it is moved", func(f *fixture) {
		about, at := f.id(), start.Add(50*time.Hour)
		put := func(fn func(store.Tx) error) { f.wantErr(f.site.Update(f.ctx, fn), nil) }
		in := func(lane store.Lane) []store.Job {
			got, err := sys.DueIn(f.ctx, lane, at, time.Minute, 10)
			f.wantErr(err, nil)
			return got
		}
		add(f.site, store.Job{ID: profile.NewIDIn(f.now(), about.Bucket()), Subject: about, Kind: "send", Body: []byte(`{}`), Due: at, Lane: store.Delivery})
		add(f.site, store.Job{ID: profile.NewIDIn(f.now(), about.Bucket()), Subject: about, Kind: "send", Body: []byte(`{"n":2}`), Due: at.Add(-time.Second), Lane: store.Parked})
		for _, j := range due(at, time.Minute, 100) {
			if j.Kind == "send" {
				f.Errorf("the lane of work has %+v", j)
			}
		}
		got := in(store.Delivery)
		f.equal(len(got), 1)
		f.equal(got[0].Lane, store.Delivery)
		parked := read(f, func(r store.Reader) ([]store.Job, error) { return r.JobsOf(about, store.Parked, none, 10) })
		f.equal(len(parked), 1)
		f.equal(string(parked[0].Body), `{"n":2}`)
		f.equal(len(read(f, func(r store.Reader) ([]store.Job, error) { return r.JobsOf(about, store.Parked, parked[0].ID, 10) })), 0)
		f.equal(read(f, func(r store.Reader) (int64, error) { return r.CountJobs(about, store.Parked) }), int64(1))

		moved := parked[0]
		moved.Lane, moved.Due, moved.Tries, moved.Body = store.Delivery, at, 7, []byte(`{"n":3}`)
		put(func(tx store.Tx) error {
			found, err := tx.PutJob(moved)
			f.equal(found, true)
			return err
		})
		one := read(f, func(r store.Reader) (*store.Job, error) { return r.Job(about, moved.ID) })
		f.equal(*one, moved)
		got = in(store.Delivery)
		f.equal(len(got), 1)
		f.equal(got[0], moved)
		put(func(tx store.Tx) error { return tx.DropJob(moved) })
		put(func(tx store.Tx) error {
			found, err := tx.PutJob(moved)
			f.equal(found, false)
			return err
		})
		err := f.site.View(f.ctx, func(r store.Reader) error {
			_, err := r.Job(about, moved.ID)
			return err
		})
		f.wantErr(err, store.ErrNotFound)
	})
	f.run("workers at once take each job once", func(f *fixture) {
		at := start.Add(100 * time.Hour)
		const jobs = 60
		var who []profile.ID
		for range jobs {
			id := f.id()
			who = append(who, id)
			add(f.site, store.Job{ID: id, Kind: "many", Body: []byte(`{}`), Due: at})
		}
		var mu sync.Mutex
		var taken atomic.Int64
		seen := map[profile.ID]bool{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for {
					got, err := sys.DueJobs(f.ctx, at, 200*time.Hour, 3)
					if err != nil || len(got) == 0 {
						return
					}
					for _, j := range got {
						mu.Lock()
						if j.Kind == "many" {
							taken.Add(1)
							if seen[j.ID] {
								f.Errorf("job %s is taken twice", j.ID)
							}
							seen[j.ID] = true
						}
						mu.Unlock()
					}
				}
			}()
		}
		wg.Wait()
		f.equal(taken.Load(), int64(len(who)))
	})
}
