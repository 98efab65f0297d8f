package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

const readConnections = 64

// read measures reads by uuid with few and with many records.
func (b *bench) read(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "read", faces()...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	var ids []profile.ID
	sizes := []struct {
		records int
		target  float64
	}{{b.fewCount, 0.45}, {b.records, 0.30}}
	for _, size := range sizes {
		if size.records < len(ids) || size.records == 0 {
			continue
		}
		if ids, err = b.loadRecords(ctx, s, ids, size.records); err != nil {
			return err
		}
		if err := b.readAt(ctx, s, ids, size.target); err != nil {
			return err
		}
	}
	return nil
}

const loadBatch = 4000 // records in a transaction

// loadRecords brings the site to n records of ours, by the store in large
// transactions.
func (b *bench) loadRecords(ctx context.Context, s *service, ids []profile.ID, n int) ([]profile.ID, error) {
	sites, err := s.Directory.Sites(ctx)
	if err != nil {
		return nil, err
	}
	site := s.Store.Site(sites[0].ID)
	begin, had := time.Now(), len(ids)
	for len(ids) < n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		count := min(loadBatch, n-len(ids))
		batch := make([]profile.ID, count)
		err := site.Update(ctx, func(tx store.Tx) error {
			first, err := tx.Numbers(count)
			if err != nil {
				return err
			}
			now := time.Now().UTC().Truncate(time.Microsecond)
			list := make([]store.Creation, count)
			for i := range list {
				rec := recordOf(numbered(int64(len(ids)+i)), first+int64(i), now)
				batch[i] = rec.ID
				list[i] = store.Creation{Record: rec, Event: store.Event{At: now, Kind: "user.created"}}
			}
			failed, err := tx.CreateMany(list)
			return errors.Join(append(failed, err)...)
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, batch...)
	}
	took := time.Since(begin)
	b.note("loaded %d records in %.1f s: %s a second in transactions of %d", n-had, took.Seconds(), short(float64(n-had)/took.Seconds()), loadBatch)
	return ids, nil
}

// readAt measures one number of records.
func (b *bench) readAt(ctx context.Context, s *service, ids []profile.ID, target float64) (err error) {
	hot := make([]string, 0, b.hotSet)
	for _, i := range rand.Perm(len(ids))[:min(b.hotSet, len(ids))] {
		hot = append(hot, "uuid="+ids[i].String()+"&type_name=user")
	}
	j := job{Address: s.address, Connections: readConnections, Warm: b.warm, Measure: b.length, Head: post("/entity", len(hot[0])), Bodies: hot,
		Status: http.StatusOK, Suffix: `"stat":"ok"}`}
	same, err := likeAnswer("http://"+s.address+"/entity", hot[0])
	if err != nil {
		return err
	}
	f := figure{Name: fmt.Sprintf("read by uuid, %d records", len(ids)), Target: target,
		Baseline: "a net/http handler that writes one such answer, headers included"}
	if b.store == onPostgres {
		pool, err := openBarePool(ctx, b.urls["read"])
		if err != nil {
			return err
		}
		defer pool.close()
		same, f.Target = pool.reading(same), 0.5
		f.Baseline = "a net/http handler that reads the record by pgx, with the same query, and writes one such answer"
	}
	address, stop, err := serveBare(same)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, stop) }()
	first := j // every page of the hot set is read once before anything is measured
	first.Warm, first.Measure, first.Requests = 0, 0, 2*len(hot)
	if _, err := b.load.do(first); err != nil {
		return err
	}
	return b.compare(ctx, f, j.at(s.address), j.at(address))
}

// likeAnswer asks once and makes a handler that always writes the same bytes,
// headers included.
func likeAnswer(url, body string) (http.HandlerFunc, error) {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", basic)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK || !strings.HasSuffix(string(answer), `"stat":"ok"}`) {
		return nil, fmt.Errorf("%s: %s", resp.Status, answer)
	}
	headers := resp.Header.Clone()
	headers.Del("Date") // net/http writes it by itself
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, values := range headers {
			h[name] = values
		}
		_, _ = w.Write(answer)
	}, nil
}

// closeWith closes something and keeps the first error.
func closeWith(err error, closing func() error) error {
	if closed := closing(); err == nil {
		return closed
	}
	return err
}
