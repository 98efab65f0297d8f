// Package directory is everything that can happen to a profile, whichever face
// asks for it: signing in, registering, creating, finding, editing, granting,
// erasing. It knows no HTTP. Each function reads like the rule it enforces,
// asks package access, and makes its change in one store.Update, so that the
// record, its names, its mail and its event commit together.
package directory

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"facet/internal/credential"
	"facet/internal/media"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/webhook"
)

// Config is what a Directory works with.
type Config struct {
	Store   store.Store
	DataKey credential.DataKey // seals what must be readable again
	Hasher  *credential.Hasher
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger
	Media   media.Files // nil: no pictures are kept
	SMS     bool        // somebody does the jobs that send text messages to phones

	Resolver       Resolver // asks the DNS whether domains point here; nil: nobody does
	LocalAddresses []string // of this server, as others reach it: IP addresses and host names

	Webhooks webhook.Filter // which addresses events may be sent to

	// Settle is how long another process may go on reading by entity types that
	// have changed: a little more than it takes to see a change. 0 where one
	// process holds the store. Nobody writes by them: see store.Tx.HoldAge.
	Settle time.Duration
}

// Directory serves all sites of one store.
type Directory struct {
	store    store.Store
	dataKey  credential.DataKey
	hasher   *credential.Hasher
	now      func() time.Time
	log      *slog.Logger
	media    media.Files
	pictures *media.Renderer
	sms      bool
	dns      Resolver // nil: not asked
	here     []string
	settle   time.Duration
	reach    webhook.Filter

	sweeping chan struct{} // holds one for each search that reads all records of a type

	loading renewal // of table
	table   atomic.Pointer[siteTable]
}

// New makes a Directory. It reads nothing yet.
func New(c Config) *Directory {
	now := c.Now
	if now == nil {
		now = time.Now
	}
	if len(c.LocalAddresses) == 0 {
		c.Resolver = nil // there is nothing to compare with
	}
	return &Directory{
		dns: c.Resolver, here: c.LocalAddresses,
		store: c.Store, dataKey: c.DataKey, hasher: c.Hasher, log: c.Log, media: c.Media, sms: c.SMS, settle: c.Settle, reach: c.Webhooks,
		now:      func() time.Time { return now().UTC().Truncate(time.Microsecond) },
		pictures: media.NewRenderer(),
		sweeping: make(chan struct{}, max(2, runtime.GOMAXPROCS(0)/2)),
	}
}

// Ready says whether requests can be served.
func (d *Directory) Ready(ctx context.Context) error {
	if err := d.store.Ready(ctx); err != nil {
		return err
	}
	t, err := d.sites(ctx)
	if err == nil && len(t.byID) == 0 {
		err = ErrNoSite
	}
	return err
}

// ErrNoSite tells that nothing can be served yet: there is no site.
var ErrNoSite = errors.New("there is no site")

// siteTable is one reading of the list of sites.
type siteTable struct {
	read    time.Time
	byHost  map[string]*Site
	byID    map[store.SiteID]*Site
	byName  map[string]*Site
	domains map[string]*Site
	def     *Site
}

// sites gives the list as it was less than tooOld ago.
func (d *Directory) sites(ctx context.Context) (*siteTable, error) {
	err := d.loading.renew(ctx, d.age, func() error {
		_, err := d.reload(ctx, d.table.Load())
		return err
	})
	if err != nil {
		return nil, err
	}
	return d.table.Load(), nil
}

// age is how long ago the list of sites was read; very long: never.
func (d *Directory) age() time.Duration {
	if t := d.table.Load(); t != nil {
		return d.now().Sub(t.read)
	}
	return math.MaxInt64
}

// reload reads the sites; the caller holds d.loading.
func (d *Directory) reload(ctx context.Context, old *siteTable) (*siteTable, error) {
	now := d.now()
	infos, err := d.store.System().Sites(ctx)
	if err != nil {
		return nil, err
	}
	t := &siteTable{
		read: now, byHost: map[string]*Site{}, byID: map[store.SiteID]*Site{},
		byName: map[string]*Site{}, domains: map[string]*Site{},
	}
	for _, info := range infos {
		var s *Site
		if old != nil {
			s = old.byID[info.ID]
		}
		if s == nil {
			if s, err = d.openSite(ctx, info.ID); err != nil {
				return nil, err
			}
		}
		if err := s.setInfo(info); err != nil {
			return nil, err
		}
		t.byID[info.ID], t.byName[info.Name], t.domains[info.Domain] = s, s, s
		for _, h := range info.Hosts {
			t.byHost[h] = s
		}
		if info.Default {
			t.def = s
		}
	}
	d.table.Store(t)
	return t, nil
}

// SiteAt finds the site a Host header asks for: one that lists the host, else
// the default site. A host that begins with "cl-o." selects the site and one
// identity by the host form of its idtag (Cloudillo), never the default site;
// slug is then that identity's. With a site's domain it selects the site: there
// clients ask who gives out idtags under it, and register. Errors: NotFound.
func (d *Directory) SiteAt(ctx context.Context, host string) (site *Site, slug string, err error) {
	t, err := d.sites(ctx)
	if err != nil {
		return nil, "", err
	}
	host = hostOnly(host)
	if form, ok := strings.CutPrefix(host, identityHost); ok {
		if site = t.domains[form]; site == nil {
			return d.identityAt(ctx, t, form)
		}
	} else if site = t.byHost[host]; site == nil {
		site = t.def
	}
	if site == nil {
		return nil, "", noSite()
	}
	return site, "", site.freshTypes(ctx)
}

func noSite() error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "", "no such site")
}

// SiteNamed finds a site by its handle: NotFound when there is none.
func (d *Directory) SiteNamed(ctx context.Context, name string) (*Site, error) {
	t, err := d.sites(ctx)
	if err != nil {
		return nil, err
	}
	if s := t.byName[name]; s != nil {
		return s, nil
	}
	return nil, profile.E(profile.NotFound, profile.CodeNotFound, "site", "there is no site %q", name)
}

// Sites lists the sites by id.
func (d *Directory) Sites(ctx context.Context) ([]store.SiteInfo, error) {
	return d.store.System().Sites(ctx)
}

// NewSite is what a site is made from.
type NewSite struct {
	Name    string
	Domain  string   // what follows the @ in idtags
	Hosts   []string // hosts that select it; the domain when empty
	Default bool
	Policy  Policy
}

// CreateSite adds a site with its signing key. A name, domain or host in use
// is Taken, and so are a domain and a host that collide with somebody's idtag.
func (d *Directory) CreateSite(ctx context.Context, in NewSite) (*Site, error) {
	domain, err := toASCII(hostOnly(in.Domain))
	if in.Name == "" || len(in.Name) > 50 || profile.Slugify(in.Name, 50) != in.Name {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "name", "a site's name is made of lower-case letters, digits and '-', 50 at most")
	}
	if err != nil || domain == "" || len(domain) > maxHost || strings.ContainsAny(domain, " /@:") {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "domain", "a site needs a domain, such as example.com")
	}
	in.Domain = domain
	hosts := make([]string, 0, len(in.Hosts)+1)
	for _, h := range in.Hosts {
		host, err := toASCII(hostOnly(h))
		if err != nil || host == "" || len(host) > maxHost || strings.ContainsAny(host, " /@") || strings.HasPrefix(host, identityHost) {
			return nil, profile.E(profile.Invalid, profile.CodeInvalid, "host", "%q is not a host name", h)
		}
		hosts = append(hosts, host)
	}
	if len(hosts) == 0 {
		hosts = append(hosts, in.Domain)
	}
	if in.Policy.BaseURL == "" {
		in.Policy.BaseURL = "https://" + hosts[0]
	}
	if in.Policy.MailFrom == "" {
		in.Policy.MailFrom = "no-reply@" + in.Domain
	}
	if in.Policy.Title == "" {
		in.Policy.Title = in.Name
	}
	policy, err := json.Marshal(in.Policy)
	if err != nil {
		return nil, err
	}
	info, err := d.store.System().CreateSite(ctx, store.SiteInfo{
		Name: in.Name, Domain: in.Domain, Hosts: hosts, Default: in.Default, Policy: policy, Created: d.now(),
	})
	if err != nil {
		return nil, err
	}
	if err := d.addSigningKey(ctx, info.ID); err != nil {
		return nil, err
	}
	d.loading.mu.Lock()
	defer d.loading.mu.Unlock()
	t, err := d.reload(ctx, d.table.Load())
	if err != nil {
		return nil, err
	}
	return t.byID[info.ID], nil
}
