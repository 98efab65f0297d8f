package directory_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store/postgres"
	"facet/internal/store/postgres/pgtest"
)

// What a site has so many of at most, or exactly one of, holds where callers of
// two processes on one PostgreSQL database overlap.

// crowd is callers of two processes on one database.
type crowd struct {
	*testing.T
	url   string
	sites [2]*directory.Site
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	cluster, err := pgtest.Any()
	if err != nil {
		t.Fatal(err)
	}
	name, err := cluster.Create("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Drop(name); err != nil {
			t.Error(err)
		}
	})
	c := &crowd{T: t, url: cluster.URL(name)}
	key, quiet := credential.NewDataKey(), slog.New(slog.NewTextHandler(io.Discard, nil))
	for i := range c.sites {
		st, err := postgres.Open(t.Context(), postgres.Options{URL: c.url, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = st.Close() })
		d := directory.New(directory.Config{Store: st, DataKey: key, Log: quiet, Settle: 1,
			Hasher: credential.NewHasher(credential.HasherConfig{Concurrency: 2})})
		if i == 0 {
			if _, err := d.SeedDemo(t.Context(), facetest.BaseURL); err != nil {
				t.Fatal(err)
			}
		}
		if c.sites[i], err = d.SiteNamed(t.Context(), "demo"); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *crowd) as(name string) access.Principal {
	c.Helper()
	in, err := c.sites[0].Login(c.Context(), credentials(name, "yoyo"), directory.Exchanged)
	if err != nil {
		c.Fatal(err)
	}
	who, err := c.sites[0].Authenticate(c.Context(), in.Token)
	if err != nil {
		c.Fatal(err)
	}
	return who
}

func (c *crowd) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// rush does something so often, sixteen callers at once, and gives how often it
// was done; the other times it was refused with a kind of error.
func (c *crowd) rush(times int, refused profile.Kind, do func(ctx context.Context, s *directory.Site, n int) error) int {
	c.Helper()
	var next, done atomic.Int64
	var wait sync.WaitGroup
	for g := range 16 {
		wait.Go(func() {
			for {
				n := int(next.Add(1))
				if n > times {
					return
				}
				switch err := do(c.Context(), c.sites[g%2], n); {
				case err == nil:
					done.Add(1)
				case !profile.IsKind(err, refused):
					c.Errorf("%d: %v", n, err)
				}
			}
		})
	}
	wait.Wait()
	return int(done.Load())
}

// deadlocks counts those that the server has ended.
func (c *crowd) deadlocks() (n int64) {
	c.Helper()
	conn, err := pgx.Connect(c.Context(), c.url)
	c.must(err)
	defer conn.Close(c.Context())
	c.must(conn.QueryRow(c.Context(), `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&n))
	return n
}

func TestWhatIsBoundedStaysSoWhereCallersOverlap(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	donny, xia, casey := c.as("donny"), c.as("xia"), c.as("casey")
	site := c.sites[0]

	t.Run("agreements", func(t *testing.T) {
		c := *c
		c.T = t
		before, err := site.Agreements(t.Context())
		c.must(err)
		made := c.rush(120, profile.Conflict, func(ctx context.Context, s *directory.Site, n int) error {
			_, err := s.AddAgreement(ctx, donny, directory.Agreement{Title: "terms " + strconv.Itoa(n), Text: "x"})
			return err
		})
		all, err := site.Agreements(t.Context())
		c.must(err)
		if len(all) != 100 || made != 100-len(before) {
			t.Errorf("%d made, there are %d", made, len(all))
		}
	})
	t.Run("foreign issuers", func(t *testing.T) {
		c := *c
		c.T = t
		key := make([]byte, 32)
		c.rush(32, profile.Conflict, func(ctx context.Context, s *directory.Site, n int) error {
			return s.AddForeignIssuer(ctx, directory.ForeignIssuer{Name: "i" + strconv.Itoa(n)}, key)
		})
		all, err := site.ForeignIssuers(t.Context())
		c.must(err)
		if len(all) != 10 {
			t.Errorf("there are %d", len(all))
		}
	})
	t.Run("household profiles, of which one is the default", func(t *testing.T) {
		c := *c
		c.T = t
		yes := true
		c.rush(32, profile.Conflict, func(ctx context.Context, s *directory.Site, n int) error {
			_, err := s.AddMember(ctx, casey, "42", directory.MemberEdit{Name: new("m" + strconv.Itoa(n)), Default: &yes})
			return err
		})
		all, err := site.Household(t.Context(), casey, "42")
		c.must(err)
		if why := wrongHousehold(all); len(all) != 10 || why != "" {
			t.Errorf("there are %d: %s", len(all), why)
		}
	})
	t.Run("role types of a profile", func(t *testing.T) {
		c := *c
		c.T = t
		made := c.rush(112, profile.TooLarge, func(ctx context.Context, s *directory.Site, n int) error {
			_, err := s.AddRoleType(ctx, donny, "cowork", directory.RoleEdit{Title: new("Role " + strconv.Itoa(n))})
			return err
		})
		if made != 100 {
			t.Errorf("%d were made", made)
		}
	})
	t.Run("API keys of an identity", func(t *testing.T) {
		c := *c
		c.T = t
		made := c.rush(60, profile.Conflict, func(ctx context.Context, s *directory.Site, n int) error {
			_, _, err := s.AddIdentityKey(ctx, xia, "xia", directory.IdentityKeyEdit{Name: new("k" + strconv.Itoa(n))})
			return err
		})
		if made != 50 {
			t.Errorf("%d were made", made)
		}
	})
	t.Run("profiles that one person makes in a minute", func(t *testing.T) {
		c := *c
		c.T = t
		made := c.rush(48, profile.Limited, func(ctx context.Context, s *directory.Site, n int) error {
			_, err := s.ShadowProfile(ctx, xia, directory.NewProfile{FullName: fmt.Sprint("Shadow ", n), Email: fmt.Sprintf("s%d@races.example", n)})
			return err
		})
		if made != 30 {
			t.Errorf("%d were made", made)
		}
	})
	t.Run("the document of a person in an app", func(t *testing.T) {
		c := *c
		c.T = t
		document, err := directory.ReadDocument([]byte(`{"a":1}`))
		c.must(err)
		made := c.rush(32, profile.Taken, func(ctx context.Context, s *directory.Site, n int) error {
			_, _, err := s.CreateDocument(ctx, xia, directory.NewDocument{DocumentCall: directory.DocumentCall{DocumentPlace: directory.DocumentPlace{App: 1}}, Text: document})
			return err
		})
		if made != 1 {
			t.Errorf("%d were made", made)
		}
	})
	t.Run("an authorization code is exchanged once", func(t *testing.T) {
		c := *c
		c.T = t
		clients, err := site.Clients(t.Context())
		c.must(err)
		who, err := site.ClientBySecret(t.Context(), clients[0].ID, "wt4c3un9wkkcfvyknqx44ync476afs68", netip.Addr{})
		c.must(err)
		code, err := site.IssueCode(t.Context(), who, "user", directory.Selector{ID: xia.Subject}, directory.AuthorizationCode{Redirect: "https://x.example/", Life: time.Minute})
		c.must(err)
		done := c.rush(16, profile.Invalid, func(ctx context.Context, s *directory.Site, n int) error {
			_, err := s.ExchangeCode(ctx, who, code, "https://x.example/")
			return err
		})
		if done != 1 {
			t.Errorf("%d exchanges", done)
		}
	})
	t.Run("settings that are there for the first time", func(t *testing.T) {
		c := *c
		c.T = t
		clients, err := site.Clients(t.Context())
		c.must(err)
		who, err := site.ClientBySecret(t.Context(), clients[0].ID, "wt4c3un9wkkcfvyknqx44ync476afs68", netip.Addr{})
		c.must(err)
		done := c.rush(32, profile.Conflict, func(ctx context.Context, s *directory.Site, n int) error {
			_, err := s.ChangeSettings(ctx, who, directory.SettingsAt{}, map[string]*string{"k" + strconv.Itoa(n): new("v")})
			return err
		})
		kept, err := site.AllSettings(t.Context(), who, "")
		c.must(err)
		if len(kept) != done {
			t.Errorf("%d were set, %d are there", done, len(kept))
		}
	})
	t.Run("the last manager of who owns the site", func(t *testing.T) {
		c := *c
		c.T = t
		c.manage("cowork", donny, "alice", "xia")
		names := []string{"donny", "alice", "xia"}
		who := map[string]access.Principal{"donny": donny, "alice": c.as("alice"), "xia": c.as("xia")}
		c.rush(48, profile.Conflict, func(ctx context.Context, s *directory.Site, n int) error {
			name := names[n%3]
			err := s.LeaveProfile(ctx, who[name], name, directory.RoleManager, "cowork")
			if profile.IsKind(err, profile.NotFound) {
				return nil // gone already
			}
			return err
		})
		n := 0
		for _, name := range names {
			if _, err := site.Role(t.Context(), who[name], "cowork", directory.RoleManager, name); err == nil {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d managers are left", n)
		}
	})
}

// manage makes users managers of a profile.
func (c *crowd) manage(slug string, by access.Principal, users ...string) {
	c.Helper()
	for _, user := range users {
		_, _, err := c.sites[0].GrantRole(c.Context(), by, slug, directory.RoleManager, directory.RoleGrantee{Slug: user})
		c.must(err)
		who := c.as(user)
		role, err := c.sites[0].Accessible(c.Context(), who, user, directory.RoleManager, slug)
		c.must(err)
		_, err = c.sites[0].AcceptRole(c.Context(), who, user, role.Grant)
		c.must(err)
	}
}

func TestWhatRolesLieBetweenIsLockedInOneOrder(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	donny := c.as("donny")
	made, err := c.sites[0].CreateCommunity(t.Context(), donny, directory.NewCommunity{IDTag: "devs@example.com", Name: "Devs"})
	c.must(err)
	slug := made.Slug
	users := []string{"xia", "alice", "casey"}
	who := map[string]access.Principal{}
	for _, user := range users {
		who[user] = c.as(user)
	}
	before := c.deadlocks()
	var wait sync.WaitGroup
	expected := func(err error) bool {
		var e *profile.Error
		return err == nil || errors.As(err, &e) && e.Kind != profile.Busy && e.Kind != profile.Internal
	}
	for g := range 4 {
		s := c.sites[g%2]
		for _, user := range users {
			wait.Go(func() {
				for i := range 15 {
					var err error
					switch (i + g) % 4 {
					case 0:
						_, _, err = s.GrantRole(t.Context(), donny, slug, directory.RoleManager, directory.RoleGrantee{Slug: user})
					case 1:
						var role directory.Role
						if role, err = s.Accessible(t.Context(), who[user], user, directory.RoleManager, slug); err == nil {
							_, err = s.AcceptRole(t.Context(), who[user], user, role.Grant)
						}
					case 2:
						err = s.RemoveRole(t.Context(), donny, slug, directory.RoleManager, user)
					case 3:
						_, err = s.Relate(t.Context(), who[user], slug, user+"@localhost.localdomain", directory.Follow)
						if expected(err) {
							_, err = s.Relate(t.Context(), who[user], user, "devs@example.com", directory.Follow)
						}
						if expected(err) {
							err = s.OfferRoles(t.Context(), who[user], user)
						}
					}
					if !expected(err) {
						t.Errorf("%s: %v", user, err)
					}
				}
			})
		}
	}
	wait.Wait()
	if n := c.deadlocks() - before; n > 0 {
		t.Errorf("%d deadlocks", n)
	}
}
