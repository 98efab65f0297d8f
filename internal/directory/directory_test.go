package directory_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/media"
	"facet/internal/profile"
	"facet/internal/store"
)

// clock is the time as the tests want it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type world struct {
	t        *testing.T
	dir      *directory.Directory
	store    store.Store
	clock    *clock
	mediaDir string
	key      credential.DataKey
	demo     *directory.Site
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOver(t, func(st store.Store) store.Store { return st })
}

// newWorldOver is newWorld with something between it and its store.
func newWorldOver(t *testing.T, over func(store.Store) store.Store) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: facetest.Start}}
	seed, dir := facetest.Demo(t), t.TempDir()
	log := slog.New(slog.DiscardHandler)
	st := seed.Open(t, dir, w.clock.Now)
	w.store = st
	w.mediaDir, w.key = filepath.Join(dir, "blobs"), seed.Key()
	w.dir = directory.New(directory.Config{
		Store: over(st), DataKey: w.key, Hasher: credential.NewHasher(credential.HasherConfig{}), Now: w.clock.Now, Log: log, Media: media.NewStore(w.mediaDir),
	})
	var err error
	if w.demo, err = w.dir.SiteNamed(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	return w
}

// as signs a demo user in.
func (w *world) as(name string) access.Principal {
	w.t.Helper()
	return w.who(w.login(name, "yoyo", directory.Exchanged))
}

func (w *world) login(name, password string, use directory.TokenUse) directory.SignIn {
	w.t.Helper()
	in, err := w.demo.Login(w.t.Context(), credentials(name, password), use)
	if err != nil {
		w.t.Fatalf("login %s: %v", name, err)
	}
	return in
}

func credentials(name, password string) directory.Credentials {
	return directory.Credentials{Login: name, Password: password, Spaces: []profile.Space{profile.Slug, profile.Email, profile.Phone}}
}

func (w *world) who(in directory.SignIn) access.Principal {
	w.t.Helper()
	who, err := w.demo.Authenticate(w.t.Context(), in.Token)
	if err != nil {
		w.t.Fatal(err)
	}
	return who
}

func (w *world) owner() access.Principal {
	w.t.Helper()
	clients, err := w.demo.Clients(w.t.Context())
	if err != nil || len(clients) != 1 {
		w.t.Fatal(clients, err)
	}
	return access.Principal{Subject: profile.ID{1}, Client: true, Features: clients[0].Features}
}

func wantCode(t *testing.T, err error, code profile.Code) {
	t.Helper()
	if !profile.IsCode(err, code) {
		t.Fatalf("got %v, want code %s", err, code)
	}
}

func TestLoginFindsSlugAndEMailAndNothingElse(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"xia", "XIA", "xia@localhost.localdomain", "Xia@LocalHost.localdomain"} {
		if in := w.login(name, "yoyo", directory.Exchanged); in.Subject.Slug != "xia" {
			t.Errorf("%s signs in as %s", name, in.Subject.Slug)
		}
	}
	for _, c := range []struct {
		name, password string
		code           profile.Code
	}{
		{"xia", "wrong", profile.CodeCredentials},
		{"nobody", "yoyo", profile.CodeCredentials},
		{"cowork", "yoyo", profile.CodeCredentials}, // an organization
		{"xia", "", profile.CodePasswordMissing},
	} {
		_, err := w.demo.Login(t.Context(), credentials(c.name, c.password), directory.Exchanged)
		wantCode(t, err, c.code)
	}
}

func TestTenWrongPasswordsLockTheAccountForAWhile(t *testing.T) {
	w := newWorld(t)
	try := func(password string) error {
		_, err := w.demo.Login(t.Context(), credentials("xia", password), directory.Exchanged)
		return err
	}
	for range 9 {
		wantCode(t, try("wrong"), profile.CodeCredentials)
	}
	if err := try("yoyo"); err != nil {
		t.Fatalf("the right password after nine wrong ones: %v", err)
	}
	for range 10 {
		wantCode(t, try("wrong"), profile.CodeCredentials)
	}
	err := try("yoyo")
	wantCode(t, err, profile.CodeAttempts)
	if retry := profile.AsError(err).Retry; retry != 15*60 {
		t.Errorf("retry after %d s", retry)
	}
	w.as("alice") // others are not locked
	w.clock.add(16 * time.Minute)
	if err := try("yoyo"); err != nil {
		t.Fatalf("after the lock: %v", err)
	}
}

func TestTriesAtTheSameMomentDoNotGetPastTheCount(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked := 0
	for range 40 {
		wg.Go(func() {
			_, err := w.demo.Login(context.Background(), credentials("xia", "wrong"), directory.Exchanged)
			if profile.IsCode(err, profile.CodeCredentials) {
				mu.Lock()
				looked++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if looked != 10 {
		t.Errorf("%d passwords were looked at", looked)
	}
}

func TestRegisterMakesTheAccountOfItsKind(t *testing.T) {
	w := newWorld(t)
	register := func(in directory.NewAccount) (directory.SignIn, error) {
		return w.demo.Register(t.Context(), in, directory.Exchanged)
	}
	for _, c := range []struct {
		kind     directory.Account
		name     string
		profiles []string
	}{
		{directory.AccountUser, "u1", nil},
		{directory.AccountPersonal, "joe1", []string{"joe1"}},
		{directory.AccountOrganization, "o1", []string{"acme-works"}},
	} {
		in, err := register(directory.NewAccount{Kind: c.kind, Username: c.name, Email: c.name + "@example.com", Password: "yoyo", FullName: "Joe Card1", Organization: "ACME Works"})
		if err != nil {
			t.Fatal(c.name, err)
		}
		who := w.who(in)
		list, err := w.demo.ProfilesOf(t.Context(), who, c.name, directory.ListQuery{Window: directory.Window{Max: 10}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range list.Items {
			got = append(got, p.Slug)
		}
		if strings.Join(got, " ") != strings.Join(c.profiles, " ") {
			t.Errorf("%s manages %v, want %v", c.name, got, c.profiles)
		}
		if in.Subject.Name.Given != "Joe" || in.Subject.Name.Family != "Card1" {
			t.Errorf("name is %+v", in.Subject.Name)
		}
	}
	for _, c := range []struct {
		what  string
		in    directory.NewAccount
		code  profile.Code
		field string
	}{
		{"a name in use, in another case", directory.NewAccount{Username: "JOE1", Email: "x@example.com", Password: "yoyo", FullName: "X"}, profile.CodeTaken, "slug"},
		{"an e-mail in use, in another case", directory.NewAccount{Username: "x", Email: "JOE1@example.com", Password: "yoyo", FullName: "X"}, profile.CodeTaken, "email"},
		{"a reserved name", directory.NewAccount{Username: "Accounts", Email: "x@example.com", Password: "yoyo", FullName: "X"}, profile.CodeTaken, "slug"},
		{"a name that no path can hold", directory.NewAccount{Username: "a.b@c", Email: "x@example.com", Password: "yoyo", FullName: "X"}, profile.CodeConstraint, "slug"},
		{"no e-mail", directory.NewAccount{Username: "x", Password: "yoyo", FullName: "X"}, profile.CodeRequired, "email"},
		{"no password", directory.NewAccount{Username: "x", Email: "x@example.com", FullName: "X"}, profile.CodeBlank, "password"},
		{"no name", directory.NewAccount{Username: "x", Email: "x@example.com", Password: "yoyo"}, profile.CodeRequired, "displayName"},
		{"no organization", directory.NewAccount{Kind: directory.AccountOrganization, Username: "x", Email: "x@example.com", Password: "yoyo", FullName: "X"}, profile.CodeRequired, "organization"},
	} {
		_, err := register(c.in)
		e := profile.AsError(err)
		if e.Code != c.code || e.Field != c.field {
			t.Errorf("%s: got %v, want %s %s", c.what, err, c.code, c.field)
		}
	}
	// nothing of a refused one is left
	if _, err := register(directory.NewAccount{Username: "x", Email: "x@example.com", Password: "yoyo", FullName: "X"}); err != nil {
		t.Errorf("the refused name is free: %v", err)
	}
}

func TestMadeUpNamesGiveWayToOthers(t *testing.T) {
	w := newWorld(t)
	for i, want := range []string{"sam", "sam-"} {
		in, err := w.demo.Register(t.Context(), directory.NewAccount{Email: "sam@" + string(rune('a'+i)) + ".example", Password: "yoyo", FullName: "Sam"}, directory.Exchanged)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(in.Subject.Slug, want) {
			t.Errorf("slug %q, want %q…", in.Subject.Slug, want)
		}
	}
}

func TestPolicyClosesRegistration(t *testing.T) {
	w := newWorld(t)
	real, err := w.dir.CreateSite(t.Context(), directory.NewSite{Name: "acme", Domain: "acme.example", Policy: directory.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = real.Register(t.Context(), directory.NewAccount{Username: "x", Email: "x@example.com", Password: "long enough it is", FullName: "X"}, directory.Exchanged)
	wantCode(t, err, profile.CodeRegistrationClosed)
	if _, err := real.AddOperator(t.Context(), directory.NewOperator{Username: "op", Email: "op@acme.example", Password: "short"}); !profile.IsCode(err, profile.CodeConstraint) {
		t.Errorf("a short password on a strict site: %v", err)
	}
	if _, err := real.AddOperator(t.Context(), directory.NewOperator{Username: "op", Email: "op@acme.example", Password: "long enough it is"}); err != nil {
		t.Fatal(err)
	}
	in, err := real.Login(t.Context(), credentials("op", "long enough it is"), directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	who, err := real.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := real.IsOperator(t.Context(), who); !ok || err != nil {
		t.Error("the operator is none", err)
	}
	// a token of one site is nothing on another
	_, err = w.demo.Authenticate(t.Context(), in.Token)
	wantCode(t, err, profile.CodeBadToken)
}

func TestHostsSelectSites(t *testing.T) {
	w := newWorld(t)
	if _, err := w.dir.CreateSite(t.Context(), directory.NewSite{Name: "acme", Domain: "acme.example", Hosts: []string{"id.acme.example"}, Policy: directory.DefaultPolicy()}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ host, site, slug string }{
		{"id.acme.example", "acme", ""},
		{"ID.ACME.example.:443", "acme", ""},
		{"elsewhere.example", "demo", ""}, // the default site
		{"cl-o.xia.localhost.localdomain:8080", "demo", "xia"},
		{"cl-o.nobody.localhost.localdomain", "", ""},
		{"cl-o.xia.elsewhere.example", "", ""}, // never the default site
		{"cl-o.x", "", ""},
		{"cl-o.acme.example", "acme", ""}, // who gives out idtags under it
		{"cl-o.id.acme.example", "", ""},
	} {
		site, slug, err := w.dir.SiteAt(t.Context(), c.host)
		switch {
		case c.site == "" && !profile.IsKind(err, profile.NotFound):
			t.Errorf("%s: %v", c.host, err)
		case c.site != "" && (err != nil || site.Name() != c.site || slug != c.slug):
			t.Errorf("%s: %v %q %v", c.host, site, slug, err)
		}
	}
	for _, in := range []directory.NewSite{
		{Name: "acme", Domain: "b.example"}, {Name: "b", Domain: "acme.example"}, {Name: "b", Domain: "b.example", Hosts: []string{"id.acme.example"}},
	} {
		if _, err := w.dir.CreateSite(t.Context(), in); !profile.IsKind(err, profile.Taken) {
			t.Errorf("%+v: %v", in, err)
		}
	}
}
