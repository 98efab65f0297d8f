package facetest

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/jobs"
	"facet/internal/mail"
	"facet/internal/media"
	"facet/internal/server"
	"facet/internal/sms"
	"facet/internal/store"
)

// Start is what a new Service's clock shows.
var Start = time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)

// BaseURL is the demo site's public address, which links in mails begin with.
const BaseURL = "https://demo.example"

// Password is that of every demo user.
const Password = "yoyo"

// Service is a running Facet with the demo site.
type Service struct {
	URL       string // http://127.0.0.1:PORT, no slash at the end
	Directory *directory.Directory
	Site      *directory.Site // the demo site
	Store     store.Store
	Server    *server.Server
	Clock     *Clock
	Log       *Buffer // what the server logged

	// Watch looks at every answer, such as Contract.Check; nil: nobody does.
	Watch func(testing.TB, Call, Answer)
	Dir   string // of the store, and of its files

	// Database is the URL of the store's database; "" where it is in Dir.
	Database string

	key   credential.DataKey
	name  string // of the database
	kept  bool   // others begin with it
	web   *httptest.Server
	texts []sms.Message // sent, and not given by Texts yet
}

// New starts a Service with some faces; it ends with the test.
func New(t testing.TB, faces ...face.Face) *Service {
	t.Helper()
	return From(t, Demo(t), faces...)
}

// Settings are what a Service is run with that is not as usual.
type Settings struct {
	Resolver       directory.Resolver // nil: the DNS is not asked
	LocalAddresses []string
	Starts         server.Rate // of each address; the zero value is no bound
}

// With is New with settings.
func With(t testing.TB, set Settings, faces ...face.Face) *Service {
	t.Helper()
	seed, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	return from(t, seed, set, faces)
}

// From starts a Service with what another had.
func From(t testing.TB, seed Seed, faces ...face.Face) *Service {
	t.Helper()
	return from(t, seed, Settings{}, faces)
}

func from(t testing.TB, seed Seed, set Settings, faces []face.Face) *Service {
	t.Helper()
	dir := t.TempDir()
	seed.unpack(t, dir)
	s := &Service{Clock: NewClock(), Log: &Buffer{}, Dir: dir, key: seed.key}
	s.Clock.Advance(seed.age)
	var err error
	if s.name, s.Database, err = database(seed.database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !s.kept {
			drop(t, s.name)
		}
	})
	db, d, err := open(dir, s.Database, seed.key, s.Clock, set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	s.Store, s.Directory = db, d
	if s.Site, err = s.Directory.SiteNamed(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	handler, err := server.New(server.Config{
		Directory: s.Directory, Faces: faces, Log: slog.New(slog.NewJSONHandler(s.Log, nil)), Starts: set.Starts,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = handler
	s.web = httptest.NewServer(handler)
	t.Cleanup(s.web.Close)
	s.URL = s.web.URL
	return s
}

// Key is the data key, for another process on the same store.
func (s *Service) Key() credential.DataKey { return s.key }

// Seed is the data that a Service begins with, a folder and perhaps a database:
// the passwords in it take a while to hash.
type Seed struct {
	key      credential.DataKey
	files    map[string][]byte // by path in the folder
	database string            // that is copied; "" where it is among the files
	age      time.Duration     // of the clock
}

// Demo is the data of the demo site as it is when it is new.
func Demo(t testing.TB) Seed {
	t.Helper()
	seed, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// Key is the data key.
func (s Seed) Key() credential.DataKey { return s.key }

// Open opens the seed's store in a folder, pictures in its blobs; it closes with
// the test.
func (s Seed) Open(t testing.TB, dir string, now func() time.Time) store.Store {
	t.Helper()
	s.unpack(t, dir)
	name, url, err := database(s.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drop(t, name) })
	db, err := openStore(dir, url, slog.New(slog.DiscardHandler), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return db
}

// unpack writes the files to a folder.
func (s Seed) unpack(t testing.TB, dir string) {
	t.Helper()
	for name, content := range s.files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// Keep ends the Service and gives what it had.
func (s *Service) Keep(t testing.TB) Seed {
	t.Helper()
	s.web.Close()
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	s.kept = true
	files, err := filesOf(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return Seed{s.key, files, s.name, s.Clock.Now().Sub(NewClock().Now())}
}

func filesOf(dir string) (map[string][]byte, error) {
	out := map[string][]byte{}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && (path == "facet.db" || e.Type().IsRegular() && strings.HasPrefix(path, "blobs/")) {
			out[path], err = fs.ReadFile(root, path)
		}
		return err
	})
	return out, err
}

// seeded is the demo site, made once per process.
var seeded = sync.OnceValues(func() (out Seed, err error) {
	dir, err := os.MkdirTemp("", "facetest-")
	if err != nil {
		return Seed{}, err
	}
	defer os.RemoveAll(dir)
	out.key = credential.NewDataKey()
	url := ""
	if out.database, url, err = database(""); err != nil {
		return Seed{}, err
	}
	db, d, err := open(dir, url, out.key, NewClock(), Settings{})
	if err != nil {
		return Seed{}, err
	}
	if _, err = d.SeedDemo(context.Background(), BaseURL); err != nil {
		_ = db.Close()
		return Seed{}, err
	}
	if err := db.Close(); err != nil {
		return Seed{}, err
	}
	out.files, err = filesOf(dir)
	return out, err
})

func open(dir, url string, key credential.DataKey, clock *Clock, set Settings) (store.Store, *directory.Directory, error) {
	log := slog.New(slog.DiscardHandler)
	db, err := openStore(dir, url, log, clock.Now)
	if err != nil {
		return nil, nil, err
	}
	return db, directory.New(directory.Config{
		Store: db, DataKey: key, Hasher: credential.NewHasher(credential.HasherConfig{Concurrency: 2}), Now: clock.Now, Log: log,
		Media: media.NewStore(filepath.Join(dir, "blobs")), SMS: true,
		Resolver: set.Resolver, LocalAddresses: set.LocalAddresses, Webhooks: loopback,
	}), nil
}

// Mails does the jobs that wait, and gives the messages among them, made from
// their templates.
func (s *Service) Mails(t testing.TB) []mail.Message {
	t.Helper()
	var out outbox
	handlers := map[string]jobs.Handler{
		directory.MailJob: jobs.Mail(&out), store.BlobJob: jobs.Blob(s.Directory), directory.RoleSweepJob: jobs.RoleSweep(s.Directory), directory.TypeJob: jobs.EntityType(s.Directory),
		directory.EraseSweepJob: jobs.EraseSweep(s.Directory), directory.DocumentSweepJob: jobs.DocumentSweep(s.Directory),
		directory.ExpiryJob: jobs.Expiry(s.Directory), directory.ForgetMailJob: jobs.ForgetMail(&out), directory.SMSJob: jobs.SMS((*phones)(s)),
		directory.MoveJob: jobs.Move(s.Directory),
	}
	system := s.Store.System()
	due, err := system.DueJobs(t.Context(), s.Clock.Now(), time.Minute, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range due {
		if err := handlers[job.Kind](t.Context(), job); err != nil {
			t.Fatalf("%s %s: %v", job.Kind, job.Body, err)
		}
		if err := system.FinishJob(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Texts does the jobs that wait, mails among them, and gives the text messages
// that were sent to phones since it was last asked.
func (s *Service) Texts(t testing.TB) []sms.Message {
	t.Helper()
	s.Mails(t)
	out := s.texts
	s.texts = nil
	return out
}

// phones is an sms.Sender that keeps what it is to send.
type phones Service

func (p *phones) Send(_ context.Context, m sms.Message) error {
	p.texts = append(p.texts, m)
	return nil
}

// outbox is a mail.Sender that keeps what it is to send.
type outbox []mail.Message

func (o *outbox) Send(_ context.Context, m mail.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	*o = append(*o, m)
	return nil
}

// Clock is a time that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock gives a clock that shows Start.
func NewClock() *Clock { return &Clock{now: Start} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Buffer is a bytes.Buffer for many writers.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// Has reports whether a text was written.
func (b *Buffer) Has(text string) bool { return strings.Contains(b.String(), text) }

// String is all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
