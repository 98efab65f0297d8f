package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

const (
	findConns  = 2
	findAsked  = 2000 // different requests of a run
	rangeWidth = 1000 // records that a range has at either size
	sweepPage  = 1000
	sweepConns = 2
	evenly     = 0.67 // of the rate with few records: 1.5 times slower
)

// people is a service with some number of our records.
type people struct {
	*service
	ids   []profile.ID
	first int64 // number of the first
}

// find measures the entity face with few and with many records, a sweep of all
// and a count that no index answers.
func (b *bench) find(ctx context.Context) (err error) {
	few, err := b.servePeople(ctx, "find-few", b.fewCount)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, few.close) }()
	before := resident()
	many, err := b.servePeople(ctx, "find-many", max(b.records, b.fewCount))
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, many.close) }()
	b.note("resident memory: %d MiB with %d records, %d MiB with %d more", before>>20, len(few.ids), resident()>>20, len(many.ids))
	if err := b.findBoth(ctx, few, many); err != nil {
		return err
	}
	begin := resident()
	if err := b.sweepAll(ctx, many); err != nil {
		return err
	}
	if err := b.countAll(ctx, many); err != nil {
		return err
	}
	b.note("resident memory: %d MiB before the finds, %d MiB before the sweep, %d MiB after the count", before>>20, begin>>20, resident()>>20)
	return nil
}

func (b *bench) servePeople(ctx context.Context, name string, n int) (*people, error) {
	s, err := b.serve(ctx, name, faces()...)
	if err != nil {
		return nil, err
	}
	p := &people{service: s}
	if p.ids, err = b.loadRecords(ctx, s, nil, n); err == nil {
		p.first, err = p.numberOf(ctx, p.ids[0])
	}
	if err != nil {
		return nil, closeWith(err, s.close)
	}
	return p, nil
}

func (p *people) site(ctx context.Context) (store.Site, error) {
	sites, err := p.Directory.Sites(ctx)
	if err != nil {
		return nil, err
	}
	return p.Store.Site(sites[0].ID), nil
}

func (p *people) numberOf(ctx context.Context, id profile.ID) (int64, error) {
	site, err := p.site(ctx)
	if err != nil {
		return 0, err
	}
	rec, err := site.GetID(ctx, id)
	if err != nil {
		return 0, err
	}
	return rec.Number, nil
}

// call is a whole request with these arguments: name, value, name, value …
func call(op string, pairs ...string) string {
	v := url.Values{"type_name": {"user"}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	body := v.Encode()
	return post("/"+op, len(body)) + body
}

func counted(n int) string { return string(appendCounted(nil, int64(n))) }

// findBoth measures single reads and pages at both sizes in turn.
func (b *bench) findBoth(ctx context.Context, few, many *people) error {
	const narrow = `["id","email"]`
	for _, kind := range []struct {
		name    string
		request func(p *people, i int) string
	}{
		{"entity by uuid", func(p *people, i int) string { return call("entity", "uuid", p.ids[i].String()) }},
		{"entity by id", func(p *people, i int) string {
			return call("entity", "id", strconv.FormatInt(p.first+int64(i), 10))
		}},
		{"entity by e-mail", func(p *people, i int) string {
			return call("entity", "key_attribute", "email", "key_value", `"parker.`+counted(i)+`@example.com"`)
		}},
		{"entity.find by equality", func(_ *people, i int) string {
			return call("entity.find", "filter", "familyName = 'Parker "+counted(i)+"'")
		}},
		{"entity.find by equality that all share, a page", func(_ *people, i int) string {
			return call("entity.find", "filter", "givenName = 'Matt' and gender = 'male'", "attributes", narrow, "max_results", "20", "first_result", strconv.Itoa(i%100))
		}},
		{fmt.Sprintf("entity.find by a range of %d, a page", rangeWidth), func(p *people, i int) string {
			i = min(i, len(p.ids)-rangeWidth)
			return call("entity.find", "filter", "familyName >= 'Parker "+counted(i)+"' and familyName < 'Parker "+counted(i+rangeWidth)+"'", "attributes", narrow, "max_results", "20")
		}},
		{"entity.find sorted by a query attribute, a page", func(_ *people, i int) string {
			return call("entity.find", "sort_on", `["-familyName"]`, "attributes", narrow, "max_results", "20", "first_result", strconv.Itoa(i%100))
		}},
	} {
		ask := func(p *people) job {
			j := job{Address: p.address, Connections: findConns, Warm: b.warm, Measure: b.length, Status: http.StatusOK, Suffix: `"stat":"ok"}`}
			for i := range findAsked {
				j.Bodies = append(j.Bodies, kind.request(p, i*7919%len(p.ids)))
			}
			return j
		}
		f := figure{Name: fmt.Sprintf("%s, %d records", kind.name, len(many.ids)), Target: evenly, Baseline: fmt.Sprintf("the same with %d records", len(few.ids))}
		ours, bare := ask(many), ask(few)
		if err := b.compare(ctx, f, ours.at(many.address), bare.at(few.address)); err != nil {
			return err
		}
	}
	return nil
}

// sweepAll reads all records page by page, each after the last id of the page
// before, from as many places at once as there are connections.
func (b *bench) sweepAll(ctx context.Context, p *people) error {
	site, err := p.site(ctx)
	if err != nil {
		return err
	}
	var bodies []string
	err = site.View(ctx, func(r store.Reader) error {
		for at := int64(0); at < int64(len(p.ids)); at += sweepPage {
			n, err := r.NumberAt(profile.User, math.MinInt64, math.MaxInt64, at, false)
			if err != nil {
				return err
			}
			bodies = append(bodies, url.Values{"type_name": {"user"}, "sort_on": {`["id"]`}, "max_results": {strconv.Itoa(sweepPage)},
				"filter": {"id > " + strconv.FormatInt(n, 10)}}.Encode())
		}
		return nil
	})
	if err != nil {
		return err
	}
	answer, err := ask(ctx, p.address, bodies[0])
	if err != nil {
		return err
	}
	address, stop, err := serveBare(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for rest := answer; len(rest) > 0; rest = rest[min(len(rest), 32<<10):] {
			_, _ = w.Write(rest[:min(len(rest), 32<<10)])
		}
	})
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, stop) }()
	f := figure{Name: fmt.Sprintf("all %d records by id > last, records", len(p.ids)), Baseline: "a net/http handler that writes pages of the same size"}
	for range b.runs {
		if err := sweepOnce(ctx, &f.Ours, p.address, bodies); err != nil {
			return err
		}
		if err := sweepOnce(ctx, &f.Bare, address, bodies); err != nil {
			return err
		}
	}
	b.note("%s: %s a second, baseline %s; wanted 50k", f.Name, f.Ours.spread(), f.Bare.spread())
	b.keep(f)
	return nil
}

// ask posts a form to entity.find.
func ask(ctx context.Context, address, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/entity.find", strings.NewReader(body))
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
	if err == nil && !bytes.HasSuffix(answer, []byte(`"stat":"ok"}`)) {
		err = fmt.Errorf("an answer was not right: %.500s", answer)
	}
	return answer, err
}

// sweepOnce asks for all pages and notes records a second.
func sweepOnce(ctx context.Context, into *series, address string, bodies []string) error {
	var wait sync.WaitGroup
	errs := make(chan error, sweepConns)
	latency := make([]histogram, sweepConns)
	begin := time.Now()
	before, err := cpuTime()
	if err != nil {
		return err
	}
	for c := range sweepConns {
		wait.Go(func() {
			for i := c * len(bodies) / sweepConns; i < (c+1)*len(bodies)/sweepConns; i++ {
				asked := time.Now()
				if _, err := ask(ctx, address, bodies[i]); err != nil {
					errs <- err
					return
				}
				latency[c].add(time.Since(asked))
			}
		})
	}
	wait.Wait()
	took := time.Since(begin)
	after, err := cpuTime()
	if err != nil {
		return err
	}
	select {
	case err := <-errs:
		return err
	default:
	}
	for _, l := range latency[1:] {
		latency[0].merge(&l)
	}
	n := len(bodies) * sweepPage
	into.add(result{Count: n, Total: n, Took: took, Latency: &latency[0]}, after-before)
	return nil
}

// countAll measures a count whose filter no index answers, beside a walk
// through the same texts in memory.
func (b *bench) countAll(ctx context.Context, p *people) error {
	texts := make([][]byte, min(len(p.ids), 100_000)) // a part: the rate is the same
	for i := range texts {
		texts[i] = []byte(numbered(int64(i)))
	}
	f := figure{Name: fmt.Sprintf("entity.count by two attributes without index, %d records, records", len(p.ids)),
		Baseline: "strings looked for in as long texts in memory, on one processor"}
	body := call("entity.count", "filter", "primaryAddress.city = 'Portland' and birthday > '1999-01-01'", "timeout", "60")
	for range b.runs {
		r, cpu, err := b.timed(job{Address: p.address, Connections: 1, Requests: 1, Bodies: []string{body}, Status: http.StatusOK, Suffix: `"total_count":0,"stat":"ok"}`})
		if err != nil {
			return err
		}
		r.Count, r.Total = len(p.ids), len(p.ids)
		f.Ours.add(r, cpu)
		begin, found := time.Now(), 0
		for _, t := range texts {
			if bytes.Contains(t, []byte(`"city":"Portland"`)) && bytes.Contains(t, []byte(`"birthday":"1999`)) {
				found++
			}
		}
		took := time.Since(begin)
		if found > 0 {
			return fmt.Errorf("%d texts found", found)
		}
		var h histogram
		h.add(took)
		f.Bare.add(result{Count: len(texts), Total: len(texts), Took: took, Latency: &h}, took)
	}
	b.note("%s: %s a second, %.2f s for all (wanted 2 s); baseline %s", f.Name, f.Ours.spread(), float64(len(p.ids))/f.Ours.rate(), f.Bare.spread())
	b.keep(f)
	return nil
}

// timed has one job done and tells what it took of this process.
func (b *bench) timed(j job) (result, time.Duration, error) {
	before, err := cpuTime()
	if err != nil {
		return result{}, 0, err
	}
	r, err := b.load.do(j)
	if err != nil {
		return r, 0, err
	}
	after, err := cpuTime()
	return r, after - before, err
}

// resident is how much memory of its own this process has now, in bytes, the
// pages of the database file apart; 0 where the system does not tell.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "RssAnon:")
	line, _, _ := strings.Cut(rest, "kB")
	kib, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return kib << 10
}
