package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"facet/internal/directory"
	"facet/internal/face/cloudillo"
	"facet/internal/face/djaoapp"
	"facet/internal/profile"
	"facet/internal/store"
)

const (
	relationFew   = 100     // links of the baseline
	relationOne   = "alice" // who has many of them
	relationOther = "xia"   // who has few
)

// relation measures pages of profiles that a relation narrows: of somebody who
// follows many, beside the same of somebody who follows few.
func (b *bench) relation(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "relation", djaoapp.New(), cloudillo.New())
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	people, err := b.loadRecords(ctx, s, nil, max(b.members, relationFew))
	if err != nil {
		return err
	}
	many, err := b.relate(ctx, s, relationOne, people[:b.members])
	if err != nil {
		return err
	}
	few, err := b.relate(ctx, s, relationOther, people[:relationFew])
	if err != nil {
		return err
	}
	deep := ""
	for range b.members * 9 / 10 / 100 {
		if deep, err = many.next(ctx, "/api/profiles?following=true", deep); err != nil {
			return err
		}
	}
	for _, c := range []struct{ name, query, more string }{
		{"the first page of whom somebody follows", "following=true", ""},
		{"a page at 90 % of whom somebody follows", "following=true", "&cursor=" + url.QueryEscape(deep)},
		{"the first page of connections", "connected=connected", ""},
		{"followers whom somebody follows and is connected with", "follower=true&following=true&connected=true", ""},
	} {
		f := figure{Name: fmt.Sprintf("%s, %d links", c.name, b.members), Target: 0.34, Baseline: fmt.Sprintf("the same of %d links", relationFew)}
		if err := b.compare(ctx, f, many.job(c.query+c.more).at(s.address), few.job(c.query).at(s.address)); err != nil {
			return err
		}
	}
	return nil
}

// related asks for pages as one person.
type related struct {
	lists
}

// relate makes a person follow people and be connected with them, who follow
// back, each a moment after the one before.
func (b *bench) relate(ctx context.Context, s *service, name string, people []profile.ID) (*related, error) {
	site, err := s.Directory.SiteNamed(ctx, "demo")
	if err != nil {
		return nil, err
	}
	in, err := site.Login(ctx, directory.Credentials{Login: name, Password: checkPassword, Spaces: []profile.Space{profile.Slug}}, directory.Exchanged)
	if err != nil {
		return nil, err
	}
	sites, err := s.Directory.Sites(ctx)
	if err != nil {
		return nil, err
	}
	from, me := time.Now().Add(-time.Hour).UTC().Truncate(time.Microsecond), in.Subject.ID
	for at, batch := range slices.Collect(slices.Chunk(people, loadBatch)) {
		err := s.Store.Site(sites[0].ID).Update(ctx, func(tx store.Tx) error {
			for i, id := range batch {
				created := from.Add(time.Duration(at*loadBatch+i) * time.Microsecond)
				for _, kind := range []store.LinkKind{store.FollowLink, store.ConnectLink} {
					there := &store.Link{Src: me, Kind: kind, Dst: id, State: store.LinkActive, Attrs: []byte("{}"), Created: created}
					back := &store.Link{Src: id, Kind: kind, Dst: me, State: store.LinkActive, Attrs: []byte("{}"), Created: created}
					if err := errors.Join(tx.AddLink(there), tx.AddLink(back)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return &related{lists{bench: b, service: s, token: in.Token}}, nil
}

// job asks for one page over and over.
func (l *related) job(query string) job { return l.lists.job([]string{"/api/profiles?" + query}) }

// next gives the place after a whole page.
func (l *related) next(ctx context.Context, target, cursor string) (string, error) {
	if cursor != "" {
		target += "&cursor=" + url.QueryEscape(cursor)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.address+target, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var page struct {
		Data   []json.RawMessage `json:"data"`
		Cursor struct {
			Next string `json:"nextCursor"`
		} `json:"cursorPagination"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || len(page.Data) != 100 || page.Cursor.Next == "" {
		return "", errors.Join(err, fmt.Errorf("%s: %s, a page of %d", target, resp.Status, len(page.Data)))
	}
	return page.Cursor.Next, nil
}
