package jobs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/jobs"
	"facet/internal/mail"
	"facet/internal/mail/mailtest"
	"facet/internal/media"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/sqlite"
)

const address = "hush@example.com"

func openStore(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	st, err := sqlite.Open(context.Background(), sqlite.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// enqueue adds a job of a kind, due at once; nil is the body of a good mail.
func enqueue(t *testing.T, st store.Store, kind string, body any) store.Job {
	t.Helper()
	if body == nil {
		body = directory.MailBody{Template: mail.Notice, From: "no-reply@shop.example", To: address,
			Data: directory.MailData{Site: "Shop", Subject: "News", Text: "It happened."}}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	job := store.Job{ID: profile.NewID(now), Site: 1, Kind: kind, Body: raw, Due: now.Add(-time.Second), Created: now}
	if err := st.Site(1).Update(context.Background(), func(tx store.Tx) error { return tx.Enqueue(job) }); err != nil {
		t.Fatal(err)
	}
	return job
}

// telling is a System that tells of finished jobs and of retries.
type telling struct {
	store.System
	finished, retried chan store.Job
}

func tell(st store.Store) telling {
	return telling{st.System(), make(chan store.Job, 100), make(chan store.Job, 100)}
}

func (s telling) FinishJob(ctx context.Context, j store.Job) error {
	err := s.System.FinishJob(ctx, j)
	s.finished <- j
	return err
}

func (s telling) RetryJob(ctx context.Context, j store.Job, due time.Time) error {
	err := s.System.RetryJob(ctx, j, due)
	s.retried <- j
	return err
}

// start runs a worker until the test ends; log may be read after stop.
func start(t *testing.T, c jobs.Config) (stop func(), log *bytes.Buffer) {
	t.Helper()
	log = &bytes.Buffer{}
	c.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if c.Poll == 0 {
		c.Poll = time.Millisecond
	}
	if c.Backoff == 0 {
		c.Backoff = time.Millisecond
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { jobs.New(c).Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop, log
}

func receive[T any](t *testing.T, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: not within 20 s", what)
	}
	return v
}

func mailHandler(t *testing.T, srv *mailtest.Server) map[string]jobs.Handler {
	t.Helper()
	sender, err := mail.ParseURL(srv.URL())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]jobs.Handler{directory.MailJob: jobs.Mail(sender)}
}

func TestMailIsTriedAgainUntilTheServerTakesIt(t *testing.T) {
	srv, st := mailtest.New(t), openStore(t, t.TempDir())
	srv.Refuse(2, 451)
	system := tell(st)
	enqueue(t, st, directory.MailJob, nil)
	stop, log := start(t, jobs.Config{System: system, Handlers: mailHandler(t, srv)})
	receive(t, system.retried, "the first retry")
	receive(t, system.retried, "the second retry")
	receive(t, system.finished, "the end")
	stop()
	if got := srv.Messages(); len(got) != 1 || got[0].To != address || got[0].Subject != "Shop: News" {
		t.Errorf("arrived: %+v", got)
	}
	if strings.Contains(log.String(), "hush") {
		t.Errorf("the log has the address: %s", log)
	}
}

func TestMailIsDropped(t *testing.T) {
	for name, c := range map[string]struct {
		code int
		body any
	}{
		"when the server refuses it for good": {550, nil},
		"when it has no such template":        {0, directory.MailBody{Template: "none", From: "a@shop.example", To: address}},
		"when it lacks what it is to say":     {0, directory.MailBody{Template: mail.Notice, From: "a@shop.example", To: address}},
		"when its body is unreadable":         {0, "no object"},
	} {
		t.Run(name, func(t *testing.T) {
			srv, st := mailtest.New(t), openStore(t, t.TempDir())
			if c.code != 0 {
				srv.Refuse(1, c.code)
			}
			system := tell(st)
			enqueue(t, st, directory.MailJob, c.body)
			stop, log := start(t, jobs.Config{System: system, Handlers: mailHandler(t, srv)})
			receive(t, system.finished, "the end")
			stop()
			if len(system.retried) > 0 || len(srv.Messages()) > 0 {
				t.Errorf("%d retries, %d messages", len(system.retried), len(srv.Messages()))
			}
			if !strings.Contains(log.String(), "dropped") || strings.Contains(log.String(), "hush") {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestAJobWhoseProcessDiedIsDoneByTheNextAfterItsLease(t *testing.T) {
	dir, ctx, now := t.TempDir(), context.Background(), time.Now()
	st := openStore(t, dir)
	job := enqueue(t, st, directory.MailJob, nil)
	leased, err := st.System().DueJobs(ctx, now, time.Minute, 10)
	if err != nil || len(leased) != 1 {
		t.Fatalf("leased %d: %v", len(leased), err)
	}
	if err := st.Close(); err != nil { // the process ends before it is done
		t.Fatal(err)
	}

	srv := mailtest.New(t)
	st = openStore(t, dir)
	if early, err := st.System().DueJobs(ctx, now.Add(59*time.Second), time.Minute, 10); err != nil || len(early) != 0 {
		t.Fatalf("leased twice: %d %v", len(early), err)
	}
	system := tell(st)
	start(t, jobs.Config{System: system, Handlers: mailHandler(t, srv), Now: func() time.Time { return now.Add(61 * time.Second) }})
	receive(t, system.finished, "the end")
	got := srv.Messages()
	if len(got) != 1 || got[0].Header.Get("Message-Id") != "<"+job.ID.String()+"@shop.example>" {
		t.Errorf("arrived: %+v", got)
	}
}

func TestJobsThatKeepFailingAreDroppedAfterTheLastTry(t *testing.T) {
	st := openStore(t, t.TempDir())
	system := tell(st)
	enqueue(t, st, "bad", struct{}{})
	enqueue(t, st, "panics", struct{}{})
	stop, log := start(t, jobs.Config{System: system, Tries: 3, Handlers: map[string]jobs.Handler{
		"bad":    func(context.Context, store.Job) error { return errors.New("hush") },
		"panics": func(context.Context, store.Job) error { panic("hush") },
	}})
	for range 2 {
		receive(t, system.finished, "the end")
	}
	stop()
	if got := len(system.retried); got != 2*2 {
		t.Errorf("%d retries, want 2 for each of 2", got)
	}
	if strings.Contains(log.String(), "hush") || strings.Count(log.String(), "too many tries") != 2 {
		t.Errorf("log: %s", log)
	}
}

// away is a storage that cannot be reached a few times.
type away struct {
	media.Files
	left atomic.Int32
}

func (a *away) Delete(ctx context.Context, site int64, place string) error {
	if a.left.Add(-1) >= 0 {
		return errors.New("away")
	}
	return a.Files.Delete(ctx, site, place)
}

func TestAFileIsDeletedHoweverLongTheStorageIsAway(t *testing.T) {
	const place = "b1~abc123.x"
	st, files := openStore(t, t.TempDir()), &away{Files: media.NewStore(t.TempDir())}
	files.left.Store(5)
	if err := files.Put(t.Context(), 1, place, []byte("x")); err != nil {
		t.Fatal(err)
	}
	system := tell(st)
	enqueue(t, st, store.BlobJob, store.BlobBody{Key: "b1~abc123", Meta: json.RawMessage(`{"place":"` + place + `"}`)})
	all := directory.New(directory.Config{Store: st, DataKey: credential.NewDataKey(), Hasher: credential.NewHasher(credential.HasherConfig{}), Media: files})
	stop, _ := start(t, jobs.Config{System: system, Tries: 3, Handlers: map[string]jobs.Handler{store.BlobJob: jobs.Blob(all)}})
	receive(t, system.finished, "the end")
	stop()
	if _, err := files.Open(t.Context(), 1, place); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestAJobWithoutAHandlerWaitsForAWorkerThatHasOne(t *testing.T) {
	st := openStore(t, t.TempDir())
	system := tell(st)
	enqueue(t, st, "mail", struct{}{})
	enqueue(t, st, "other", struct{}{})
	done := func(context.Context, store.Job) error { return nil }
	stop, _ := start(t, jobs.Config{System: system, Lease: time.Millisecond, Handlers: map[string]jobs.Handler{"other": done}})
	if job := receive(t, system.finished, "the other"); job.Kind != "other" {
		t.Errorf("%s was done", job.Kind)
	}
	stop()
	start(t, jobs.Config{System: system, Handlers: map[string]jobs.Handler{"mail": done}})
	job := receive(t, system.finished, "the mail")
	for job.Kind == "other" { // whose lease is so short that it may have run twice
		job = receive(t, system.finished, "the mail")
	}
	if job.Tries != 0 {
		t.Errorf("%+v", job)
	}
}

func TestAJobThatRunsMayFinishWhenTheWorkerEnds(t *testing.T) {
	st := openStore(t, t.TempDir())
	system := tell(st)
	enqueue(t, st, "slow", struct{}{})
	entered, finish := make(chan struct{}), make(chan struct{})
	stop, _ := start(t, jobs.Config{System: system, Handlers: map[string]jobs.Handler{
		"slow": func(ctx context.Context, _ store.Job) error {
			close(entered)
			<-finish
			return ctx.Err()
		},
	}})
	<-entered
	time.AfterFunc(5*time.Millisecond, func() { close(finish) })
	stop()
	if len(system.finished) != 1 {
		t.Error("the job was cut off")
	}
}

func TestAJobThatDoesNotEndIsInterrupted(t *testing.T) {
	st := openStore(t, t.TempDir())
	system := tell(st)
	enqueue(t, st, "stuck", struct{}{})
	entered := make(chan struct{})
	stop, log := start(t, jobs.Config{System: system, Grace: time.Millisecond, Handlers: map[string]jobs.Handler{
		"stuck": func(ctx context.Context, _ store.Job) error {
			close(entered)
			<-ctx.Done()
			return ctx.Err()
		},
	}})
	<-entered
	stop()
	if len(system.retried) != 1 || !strings.Contains(log.String(), "interrupted") {
		t.Errorf("%d retries; log: %s", len(system.retried), log)
	}
}

func TestNoMoreJobsRunAtOnceThanAllowed(t *testing.T) {
	st := openStore(t, t.TempDir())
	system := tell(st)
	var mu sync.Mutex
	running, most := 0, 0
	step := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		running += by
		most = max(most, running)
	}
	for range 20 {
		enqueue(t, st, "count", struct{}{})
	}
	stop, _ := start(t, jobs.Config{System: system, AtOnce: 2, Handlers: map[string]jobs.Handler{
		"count": func(context.Context, store.Job) error {
			step(1)
			defer step(-1)
			return nil
		},
	}})
	for range 20 {
		receive(t, system.finished, "a job")
	}
	stop()
	if most > 2 {
		t.Errorf("%d ran at once", most)
	}
}
