package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
)

// calm is how long creates and reads are measured with no change beside them.
const calm = 3 * time.Second

// change measures how long changes of an entity type with many records take,
// and how long they hold up one client that creates and one that reads.
func (b *bench) change(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "change", faces()...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	ids, err := b.loadRecords(ctx, s, nil, max(b.records, b.fewCount))
	if err != nil {
		return err
	}
	site, err := s.Directory.SiteNamed(ctx, "demo")
	if err != nil {
		return err
	}
	c := &changes{service: s, ids: ids}
	alone, err := c.beside(ctx, func(ctx context.Context) error {
		select {
		case <-time.After(calm):
		case <-ctx.Done():
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	b.note("no change: longest create %s, longest read %s, of %d and %d", ms(alone.create.longest), ms(alone.read.longest), alone.create.calls, alone.read.calls)
	who := access.Principal{Subject: profile.ID{1}, Client: true, Features: []access.Feature{access.Owner}}
	for _, change := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"unique on an attribute that all have", func(ctx context.Context) error {
			_, err := site.SetAttributeConstraints(ctx, who, "user", "primaryAddress.address1", []string{"unique"})
			return err
		}},
		{"unique taken back", func(ctx context.Context) error {
			_, err := site.SetAttributeConstraints(ctx, who, "user", "primaryAddress.address1", nil)
			return err
		}},
		{"unique that the last record breaks", func(ctx context.Context) error {
			if err := c.spoil(ctx, site, who); err != nil {
				return err
			}
			_, err := site.SetAttributeConstraints(ctx, who, "user", "primaryAddress.address1", []string{"unique"})
			if profile.IsCode(err, profile.CodeTaken) {
				return nil
			}
			return fmt.Errorf("not refused: %w", err)
		}},
		{"renameAttribute", func(ctx context.Context) error {
			_, err := site.RenameAttribute(ctx, who, "user", "birthday", "born")
			return err
		}},
		{"removeAttribute", func(ctx context.Context) error {
			_, err := site.RemoveAttribute(ctx, who, "user", "born")
			return err
		}},
	} {
		begin := time.Now()
		r, err := c.beside(ctx, change.do)
		if err != nil {
			return fmt.Errorf("%s: %w", change.name, err)
		}
		took := time.Since(begin)
		b.note("%s, %d records: %.1f s, %s records a second; longest create %s, longest read %s, of %d and %d", change.name, len(ids),
			took.Seconds(), short(float64(len(ids))/took.Seconds()), ms(r.create.longest), ms(r.read.longest), r.create.calls, r.read.calls)
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

// changes is a service whose types change while clients call it.
type changes struct {
	*service
	ids  []profile.ID
	made int64
}

// stall is what a client saw of its calls.
type stall struct {
	longest time.Duration
	calls   int
}

type stalls struct{ create, read stall }

// spoil gives the last record a value that the first one has.
func (c *changes) spoil(ctx context.Context, site *directory.Site, who access.Principal) error {
	_, err := site.UpdateEntity(ctx, who, "user", directory.Selector{ID: c.ids[len(c.ids)-1]}, directory.Guards{},
		directory.EntityChange{Value: fmt.Appendf(nil, `{"primaryAddress":{"address1":"1200 Main Street, Building %s"}}`, appendCounted(nil, 0))})
	return err
}

// beside runs fn while one client creates records and one reads them.
func (c *changes) beside(ctx context.Context, fn func(context.Context) error) (r stalls, err error) {
	calling, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	var failed [2]error
	running.Go(func() {
		failed[0] = r.create.measure(calling, func() error {
			c.made++
			n := string(appendCounted(nil, int64(len(c.ids))+c.made))
			return c.post("/entity.create", "type_name=user&attributes="+url.QueryEscape(strings.ReplaceAll(strings.Replace(attributes, `"birthday":"1980-02-03",`, "", 1), counter, n)))
		})
	})
	running.Go(func() {
		at := 0
		failed[1] = r.read.measure(calling, func() error {
			at = (at + 7919) % len(c.ids)
			return c.post("/entity", "type_name=user&uuid="+c.ids[at].String())
		})
	})
	err = fn(ctx)
	stop()
	running.Wait()
	for _, e := range failed {
		if err == nil {
			err = e
		}
	}
	return r, err
}

func (s *stall) measure(ctx context.Context, call func() error) error {
	for ctx.Err() == nil {
		begin := time.Now()
		if err := call(); err != nil {
			return err
		}
		s.longest = max(s.longest, time.Since(begin))
		s.calls++
	}
	return nil
}

// post sends a form with the client's credentials; any answer but ok is an
// error.
func (c *changes) post(path, form string) error {
	req, err := http.NewRequest(http.MethodPost, "http://"+c.address+path, strings.NewReader(form))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", basic)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && !strings.HasSuffix(string(body), `"stat":"ok"}`) {
		err = fmt.Errorf("%s: %s", path, body)
	}
	return err
}
