package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// Registration says who may make an account by registering.
type Registration string

// The ways of registering.
const (
	RegistrationOpen       Registration = "open"
	RegistrationInvitation Registration = "invitation" // only by redeeming a ticket
	RegistrationClosed     Registration = "closed"     // operators and API clients only
)

// Policy is what the owner of a site decides. The zero value of a field is the
// safe one.
type Policy struct {
	Title           string       `json:"title"`                      // what people call the site
	Registration    Registration `json:"registration"`               // "" is invitation
	PasswordMin     int          `json:"password_min"`               // characters; 0 is 10
	ShadowProfiles  bool         `json:"shadow_profiles"`            // any signed-in user may create them
	ProfilesPerDay  int          `json:"profiles_per_day,omitempty"` // that one user may create; 0 is 100
	DestructiveGets bool         `json:"destructive_gets,omitempty"` // GET /auth/logout, /user/delete … do what they say (Sentinel)
	Communities     bool         `json:"communities,omitempty"`      // any signed-in user may create them
	AccessSeconds   int          `json:"access_seconds,omitempty"`   // life of DjaoApp's one token; 0 is 3600
	BaseURL         string       `json:"base_url"`                   // of links in mails; never taken from Host
	MailProviders   []string     `json:"mail_providers,omitempty"`   // domains, beside the well-known ones, whose addresses say nothing of whom people work for
	MailFrom        string       `json:"mail_from"`                  //
	Broker          profile.ID   `json:"broker,omitzero"`            // the organization that owns the site
	UnverifiedEmail bool         `json:"unverified_email,omitempty"` // people may register without proving their e-mail
	Frictionless    bool         `json:"frictionless,omitempty"`     // people may act before they have a password and signed the terms (DjaoApp)
	DemoPasswords   bool         `json:"demo_passwords,omitempty"`   // passwords of any length: demo sites only
	HistoryDays     int          `json:"history_days,omitempty"`     // that events, and what changes replaced, are kept; 0: for good
	Webhooks        bool         `json:"webhooks,omitempty"`         // there may be webhooks: their feed is looked at

	Household HouseholdPolicy `json:"household,omitzero"`
}

// DefaultPolicy is that of a new real site: strict.
func DefaultPolicy() Policy {
	return Policy{Registration: RegistrationInvitation, PasswordMin: 10, ShadowProfiles: true}
}

// Site is one tenant.
type Site struct {
	d    *Directory
	id   store.SiteID
	data siteData
	keys *credential.Keyring

	state   atomic.Pointer[siteState]
	clients sync.Map // client id -> *clientEntry
	numbers numbers
	apps    sync.Map // app's number -> *appEntry
	bell    bell     // rings after commits

	types        atomic.Pointer[typeTable]
	typing       sync.Mutex // held while the table is replaced
	typesLoading renewal    // of types
	typeWork     sync.Map   // kind of record -> chan struct{}: who works on a change of the type
}

type siteState struct {
	info   store.SiteInfo
	policy Policy
}

func (d *Directory) openSite(ctx context.Context, id store.SiteID) (*Site, error) {
	s := &Site{d: d, id: id}
	s.data = siteData{d.store.Site(id), s}
	if err := s.loadTypes(ctx); err != nil {
		return nil, err
	}
	if err := s.mergeDefaults(ctx); err != nil {
		return nil, fmt.Errorf("site %d: entity types: %w", id, err)
	}
	keys, err := s.loadKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("site %d: signing keys: %w", id, err)
	}
	s.keys = keys
	return s, nil
}

func (s *Site) setInfo(info store.SiteInfo) error {
	if old := s.state.Load(); old != nil && reflect.DeepEqual(old.info, info) {
		return nil
	}
	var p Policy
	if err := json.Unmarshal(info.Policy, &p); err != nil {
		return fmt.Errorf("site %s: policy: %w", info.Name, err)
	}
	s.state.Store(&siteState{info: info, policy: p})
	return nil
}

// Policy gives the site's policy as last read.
func (s *Site) Policy() Policy { return s.state.Load().policy }

// Name is the site's handle, Domain what follows the @ in its idtags.
func (s *Site) Name() string   { return s.state.Load().info.Name }
func (s *Site) Domain() string { return s.state.Load().info.Domain }

// Now is the time by the site's clock, UTC.
func (s *Site) Now() time.Time { return s.d.now() }

// KeySet publishes the public keys that verify the site's tokens, as a JSON
// Web Key Set (RFC 7517).
func (s *Site) KeySet() []byte { return s.keys.JWKS() }

// setPolicy changes the policy by fn, for every process within a second. fn may
// run more than once.
func (s *Site) setPolicy(ctx context.Context, fn func(*Policy)) error {
	s.d.loading.mu.Lock()
	defer s.d.loading.mu.Unlock()
	var p Policy
	info, err := s.d.store.System().SaveSite(ctx, s.id, func(info *store.SiteInfo) error {
		p = Policy{}
		if err := json.Unmarshal(info.Policy, &p); err != nil {
			return err
		}
		fn(&p)
		raw, err := json.Marshal(p)
		info.Policy = raw
		return err
	})
	if err != nil {
		return err
	}
	s.state.Store(&siteState{info: info, policy: p})
	return nil
}

const signingSecret = "signing"

// addSigningKey gives a site its signing key, unless it has one: of several
// processes that find none, one does.
func (d *Directory) addSigningKey(ctx context.Context, id store.SiteID) error {
	key := credential.NewSigningKey(d.now())
	sealed := d.dataKey.Seal(key.Bytes(), []byte(signingSecret))
	return d.store.Site(id).Update(ctx, func(tx store.Tx) error {
		// Nobody has this key: its place is what the others wait for.
		if _, err := tx.Secret(profile.ID{}, signingSecret, ""); !profile.IsKind(err, profile.NotFound) {
			return err
		}
		rows, err := tx.Secrets(profile.ID{}, signingSecret)
		if err != nil || len(rows) > 0 {
			return err
		}
		return tx.PutSecret(&store.Secret{Kind: signingSecret, Key: key.KID, Data: sealed, Created: d.now()})
	})
}

// loadKeys reads the signing keys. A site that another process has just made, or
// that was cut short, gets its key here.
func (s *Site) loadKeys(ctx context.Context) (*credential.Keyring, error) {
	rows, err := s.signingKeys(ctx)
	if err == nil && len(rows) == 0 {
		if err = s.d.addSigningKey(ctx, s.id); err == nil {
			rows, err = s.signingKeys(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	keys := make([]credential.SigningKey, 0, len(rows))
	for _, row := range rows {
		raw, err := s.d.dataKey.Open(row.Data, []byte(signingSecret))
		if err != nil {
			return nil, fmt.Errorf("the data key does not open what this folder sealed: %w", err)
		}
		k, err := credential.SigningKeyFromBytes(raw)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	name := fmt.Sprintf("facet:%d", s.id)
	return credential.NewKeyring(name, name, keys...)
}

func (s *Site) signingKeys(ctx context.Context) (rows []*store.Secret, err error) {
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		rows, err = r.Secrets(profile.ID{}, signingSecret)
		return err
	})
	return rows, err
}

// accessLife is how long DjaoApp's one token lives.
func (p Policy) accessLife() time.Duration {
	if p.AccessSeconds > 0 {
		return time.Duration(p.AccessSeconds) * time.Second
	}
	return time.Hour
}

func (p Policy) passwordMin() int {
	switch {
	case p.DemoPasswords:
		return 1
	case p.PasswordMin > 0:
		return p.PasswordMin
	default:
		return 10
	}
}
