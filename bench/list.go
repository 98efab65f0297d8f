package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

const (
	listUser  = "donny" // who operates the demo site
	listConns = 2
	listPages = 20 // different pages of a run
	listShop  = "cowork"
)

// list measures pages of the roles of a profile with many members, and searches
// among many people.
func (b *bench) list(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "list", faces()...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	people, err := b.loadRecords(ctx, s, nil, max(b.records, b.members, b.fewCount))
	if err != nil {
		return err
	}
	if err := b.addMembers(ctx, s, people[:b.members]); err != nil {
		return err
	}
	site, err := s.Directory.SiteNamed(ctx, "demo")
	if err != nil {
		return err
	}
	in, err := site.Login(ctx, directory.Credentials{Login: listUser, Password: checkPassword, Spaces: []profile.Space{profile.Slug}}, directory.Exchanged)
	if err != nil {
		return err
	}
	l := &lists{bench: b, service: s, token: in.Token, people: len(people)}
	if err := l.roles(ctx); err != nil {
		return err
	}
	return l.searches(ctx)
}

// addMembers makes people contributors of a profile, each a moment after the
// one before.
func (b *bench) addMembers(ctx context.Context, s *service, people []profile.ID) error {
	sites, err := s.Directory.Sites(ctx)
	if err != nil {
		return err
	}
	site := s.Store.Site(sites[0].ID)
	shop, err := site.Get(ctx, profile.Slug, listShop)
	if err != nil {
		return err
	}
	from := time.Now().Add(-time.Hour).UTC().Truncate(time.Microsecond)
	for at, batch := range slices.Collect(slices.Chunk(people, loadBatch)) {
		err := site.Update(ctx, func(tx store.Tx) error {
			for i, id := range batch {
				err := tx.AddLink(&store.Link{Src: id, Kind: store.RoleLink, Dst: shop.ID, Tag: directory.RoleContributor, State: store.LinkActive,
					Attrs: []byte(`{"role":"contributor"}`), Created: from.Add(time.Duration(at*loadBatch+i) * time.Microsecond)})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lists asks for pages as somebody who operates the site.
type lists struct {
	*bench
	*service
	token  string
	people int
}

// get is a whole request for a path with its query.
func (l *lists) get(target string) string {
	return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n", target, l.token)
}

// job asks for pages in turn.
func (l *lists) job(targets []string) job {
	j := job{Connections: listConns, Warm: l.warm, Measure: l.length, Status: http.StatusOK, Suffix: "}"}
	for _, t := range targets {
		j.Bodies = append(j.Bodies, l.get(t))
	}
	return j
}

// pageSeen is what the bench looks at of a page.
type pageSeen struct {
	Count   int               `json:"count"`
	Next    string            `json:"next"`
	Results []json.RawMessage `json:"results"`
}

func (l *lists) read(ctx context.Context, target string) (p pageSeen, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.address+target, nil)
	if err != nil {
		return p, err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return p, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return p, fmt.Errorf("%s: %s", target, resp.Status)
	}
	return p, json.NewDecoder(resp.Body).Decode(&p)
}

// follow gives the addresses of pages that follow one another, as their links
// say.
func (l *lists) follow(ctx context.Context, target string) (targets []string, err error) {
	for range listPages {
		p, err := l.read(ctx, target)
		if err != nil {
			return nil, err
		}
		if len(p.Results) == 0 || p.Next == "" {
			return nil, fmt.Errorf("%s: a page of %d results, and next %q", target, len(p.Results), p.Next)
		}
		next, err := url.Parse(p.Next)
		if err != nil {
			return nil, err
		}
		target = next.RequestURI()
		targets = append(targets, target)
	}
	return targets, nil
}

// roles measures deep pages beside those at the beginning.
func (l *lists) roles(ctx context.Context) error {
	path := "/api/profile/" + listShop + "/roles/contributor"
	first, err := l.follow(ctx, path)
	if err != nil {
		return err
	}
	deep, err := l.follow(ctx, path+"?page="+strconv.Itoa(l.members*9/10/25))
	if err != nil {
		return err
	}
	f := figure{Name: fmt.Sprintf("roles of %d members, pages at 90 %%", l.members), Target: 0.8, Baseline: "pages at the beginning of the same list"}
	return l.compare(ctx, f, l.job(deep).at(l.address), l.job(first).at(l.address))
}

// searches measures what is found by a whole, the beginning and the inside of
// what people have.
func (l *lists) searches(ctx context.Context) (err error) {
	texts := make([]string, l.people)
	for i := range texts {
		texts[i] = recordOf(numbered(int64(i)), int64(i), time.Time{}).Search
	}
	address, stop, err := serveBare(func(w http.ResponseWriter, r *http.Request) {
		term, found := r.URL.Query().Get("q"), 0
		for _, text := range texts {
			if strings.Contains(text, term) {
				found++
			}
		}
		fmt.Fprintf(w, `{"count":%d}`, found)
	})
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, stop) }()
	for _, kind := range []struct {
		name string
		term func(digits string) string
	}{
		{"a whole e-mail", func(d string) string { return "parker." + d + "@example.com" }},
		{"the beginning of a name", func(d string) string { return "matt parker " + d[:6] }},
		{"the inside of an e-mail", func(d string) string { return d[1:] + "@ex" }},
	} {
		var targets []string
		for i := range listPages {
			n := int64((i*7919 + 13) % l.people)
			targets = append(targets, "/api/users?q="+url.QueryEscape(kind.term(string(appendCounted(nil, n)))))
		}
		if p, err := l.read(ctx, targets[0]); err != nil || p.Count == 0 {
			return errors.Join(err, fmt.Errorf("%s: %d found", targets[0], p.Count))
		}
		f := figure{Name: fmt.Sprintf("q is %s, %d people", kind.name, l.people),
			Baseline: "a net/http handler that looks through the same texts in memory"}
		j := l.job(targets)
		if err := l.compare(ctx, f, j.at(l.address), j.at(address)); err != nil {
			return err
		}
	}
	return nil
}
