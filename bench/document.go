package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face/appdata"
	"facet/internal/profile"
)

const (
	documentConns = 16
	batchHundred  = 100
	batchSmall    = 1000
	batchLarge    = 100_000
	batchApps     = 100 // in the large batch
)

// document measures app documents: a read beside the same read through the
// entity face and beside a bare handler, a write and a batch of a hundred beside
// a bare handler, a batch beside single creates, and a batch of a hundred
// thousand beside what it may take.
func (b *bench) document(ctx context.Context) (err error) {
	s, err := b.serve(ctx, "document", append(faces(), appdata.New())...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	site, err := s.Directory.SiteNamed(ctx, "demo")
	if err != nil {
		return err
	}
	in, err := site.Login(ctx, directory.Credentials{Login: listUser, Password: checkPassword, Spaces: []profile.Space{profile.Slug}}, directory.Refreshed)
	if err != nil {
		return err
	}
	people, err := b.loadRecords(ctx, s, nil, batchLarge/batchApps)
	if err != nil {
		return err
	}
	d := &documents{bench: b, service: s, site: site, who: access.Principal{Subject: in.Subject.ID, Session: in.Session}, token: in.Token, people: people}
	if err := d.reads(ctx, in.Subject.ID); err != nil {
		return err
	}
	if b.store == onSQLite { // the baseline writes to a file
		if err := d.writes(ctx); err != nil {
			return err
		}
	}
	if err := d.batches(ctx); err != nil {
		return err
	}
	return d.hundredThousand(ctx)
}

// documents asks as somebody who operates the site.
type documents struct {
	*bench
	*service
	site   *directory.Site
	who    access.Principal
	token  string
	people []profile.ID
}

func (d *documents) app(ctx context.Context) (string, error) {
	a, err := d.site.AddApp(ctx, directory.NewApp{App: directory.App{Name: "bench"}})
	return strconv.FormatInt(a.ID, 10), err
}

// send sends a request and reads the answer; what is wrong is an error.
func (d *documents) send(ctx context.Context, method, path string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+d.address+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, answer)
	}
	return answer, err
}

// reads measures reads of the caller's own document, and of a hundred.
func (d *documents) reads(ctx context.Context, self profile.ID) error {
	if _, err := d.send(ctx, http.MethodPut, "/user/profiles/1", strings.NewReader(`{"theme":"dark","level":12,"tags":["a","b"]}`)); err != nil {
		return err
	}
	get := func(path string) string {
		return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n", path, d.token)
	}
	own := job{Connections: documentConns, Warm: d.warm, Measure: d.length, Status: http.StatusOK, Suffix: "}", Bodies: []string{get("/user/profiles/1")}}
	form := "type_name=user&uuid=" + self.String()
	entity := own
	entity.Bodies = []string{fmt.Sprintf("POST /entity HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: OAuth %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", d.token, len(form), form)}
	entity.Suffix = `"stat":"ok"}`
	f := figure{Name: "read of one's own document", Target: 1 / 1.2, Baseline: "the own record through the entity face, by the same token"}
	if err := d.compare(ctx, f, own.at(d.address), entity.at(d.address)); err != nil {
		return err
	}
	answer, err := d.send(ctx, http.MethodGet, "/user/profiles/1", nil)
	if err != nil {
		return err
	}
	address, stop, err := serveBare(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = w.Write(answer)
	})
	if err != nil {
		return err
	}
	f = figure{Name: "read of one's own document", Baseline: "a net/http handler that writes the same answer"}
	return closeWith(d.compare(ctx, f, own.at(d.address), own.at(address)), stop)
}

// item is one of a batch.
func item(user profile.ID, app string, n int) string {
	return fmt.Sprintf(`{"app_id":%s,"user_id":"%s","profile_data":{"n":%d,"theme":"dark","tags":["a","b"]}}`, app, user, n)
}

// writes measures writes of one document, and of a hundred in a request,
// beside a bare handler that changes the same rows.
func (d *documents) writes(ctx context.Context) (err error) {
	const text = `{"n":"00000000","theme":"dark","tags":["a","b"]}`
	app, err := d.app(ctx)
	if err != nil {
		return err
	}
	var items []string
	for _, user := range d.people {
		items = append(items, fmt.Sprintf(`{"app_id":%s,"user_id":"%s","profile_data":%s}`, app, user, text))
	}
	if _, err := d.send(ctx, http.MethodPost, "/operator/profile/create-bulk", strings.NewReader(bulkText(items))); err != nil {
		return err
	}
	w, err := d.openBareDocuments(ctx, app, text)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, w.close) }()
	address, stop, err := serveBare(w.handler())
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, stop) }()

	head := func(method, path string, length int) string {
		return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", method, path, d.token, length)
	}
	baseline := "a net/http handler over a loop that changes the same rows, commits for all that wait, and checks nothing"
	one := job{Connections: documentConns, Warm: d.warm, Measure: d.length, Status: http.StatusOK, Suffix: "}", Parts: counting(text)}
	for _, user := range d.people {
		one.Bodies = append(one.Bodies, head(http.MethodPut, "/operator/users/profile/"+user.String()+"/"+app, len(text)))
	}
	f := figure{Name: fmt.Sprintf("write of one document, %d connections", documentConns), Baseline: baseline}
	if err := d.compare(ctx, f, anew(one, d.address), anew(one, address)); err != nil {
		return err
	}
	all := bulkText(items[:batchHundred])
	many := job{Connections: 1, Warm: d.warm, Measure: d.length, Status: http.StatusCreated, Suffix: `"status":"replaced"}]}`, Parts: counting(all), Rows: batchHundred,
		Head: head(http.MethodPost, "/operator/profile/create-bulk?on_conflict=replace", len(all))}
	f = figure{Name: fmt.Sprintf("documents written %d a request, 1 connection", batchHundred), Baseline: baseline}
	return d.compare(ctx, f, anew(many, d.address), anew(many, address))
}

// openBareDocuments opens the baseline on a data folder of its own.
func (d *documents) openBareDocuments(ctx context.Context, app, text string) (*bareDocuments, error) {
	const name = "document-bare"
	in, err := d.install(ctx, name, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := in.Close(); err != nil {
		return nil, err
	}
	w, err := openBare(ctx, filepath.Join(d.folder, d.bench.store, name))
	if err != nil {
		return nil, err
	}
	bare, err := w.documents(app, d.people, text)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return bare, nil
}

// bulkText is the body of create-bulk.
func bulkText(items []string) string { return `{"profiles":[` + strings.Join(items, ",") + `]}` }

// counting makes the parts of a body in which the number counts.
func counting(body string) []string { return strings.Split(body, strings.Repeat("0", digits)) }

// anew gives the job for each run, with texts that were not written before.
func anew(j job, address string) func(int) job {
	return func(run int) job {
		j := j
		j.Address, j.First = address, int64(run+1)*1_000_000
		return j
	}
}

// batches measures a batch of a thousand beside as many single creates.
func (d *documents) batches(ctx context.Context) error {
	f := figure{Name: fmt.Sprintf("documents made in a batch of %d", batchSmall), Target: 10, Baseline: "the same documents made one by one over one connection"}
	for range d.runs {
		app, err := d.app(ctx)
		if err != nil {
			return err
		}
		items := make([]string, batchSmall)
		for i := range items {
			items[i] = item(d.people[i%len(d.people)], app, i)
		}
		begin := time.Now()
		if _, err := d.send(ctx, http.MethodPost, "/operator/profile/create-bulk", strings.NewReader(bulkText(items))); err != nil {
			return err
		}
		f.Ours.Rates = append(f.Ours.Rates, batchSmall/time.Since(begin).Seconds())
		if app, err = d.app(ctx); err != nil {
			return err
		}
		begin = time.Now()
		for i := range batchSmall {
			path := "/operator/users/profile/" + d.people[i%len(d.people)].String() + "/" + app
			if _, err := d.send(ctx, http.MethodPut, path, strings.NewReader(fmt.Sprintf(`{"n":%d,"theme":"dark","tags":["a","b"]}`, i))); err != nil {
				return err
			}
		}
		f.Bare.Rates = append(f.Bare.Rates, batchSmall/time.Since(begin).Seconds())
	}
	d.keep(f)
	return nil
}

// hundredThousand measures one large batch: its time beside the twenty seconds
// it may take, the memory it needs more, and how long somebody else's write
// waits meanwhile.
func (d *documents) hundredThousand(ctx context.Context) error {
	apps := make([]string, batchApps)
	for i := range apps {
		var err error
		if apps[i], err = d.app(ctx); err != nil {
			return err
		}
	}
	before, peak := heapInUse(), atomic.Int64{}
	var longest time.Duration
	done, watched := make(chan struct{}), make(chan error, 1)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				watched <- nil
				return
			default:
			}
			begin := time.Now()
			if _, err := d.send(ctx, http.MethodPut, "/user/profiles/2", strings.NewReader(`{"n":`+strconv.Itoa(n)+`}`)); err != nil {
				watched <- err
				return
			}
			longest = max(longest, time.Since(begin))
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), int64(m.HeapInuse)))
			time.Sleep(20 * time.Millisecond)
		}
	}()
	body, to := io.Pipe()
	go func() {
		_, err := io.WriteString(to, `{"profiles":[`)
		for i := 0; i < batchLarge && err == nil; i++ {
			comma := ","
			if i == 0 {
				comma = ""
			}
			_, err = io.WriteString(to, comma+item(d.people[i/batchApps], apps[i%batchApps], i))
		}
		if err == nil {
			_, err = io.WriteString(to, "]}")
		}
		to.CloseWithError(err)
	}()
	begin := time.Now()
	answer, err := d.send(ctx, http.MethodPost, "/operator/profile/create-bulk", body)
	took := time.Since(begin)
	close(done)
	if watchErr := <-watched; err == nil {
		err = watchErr
	}
	if err != nil {
		return err
	}
	var made struct {
		Created int `json:"created"`
	}
	if err := json.Unmarshal(answer, &made); err != nil || made.Created != batchLarge {
		return fmt.Errorf("created %d, %v", made.Created, err)
	}
	d.note("a batch of %d documents: %.1f s, %d MB more memory at its highest, others' writes waited %d ms at most",
		batchLarge, took.Seconds(), max(0, peak.Load()-before)>>20, longest.Milliseconds())
	d.keep(figure{Name: fmt.Sprintf("documents made in a batch of %d", batchLarge), Target: 1, Baseline: "as many in twenty seconds",
		Ours: series{Rates: []float64{batchLarge / took.Seconds()}}, Bare: series{Rates: []float64{batchLarge / 20}}})
	return nil
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}
