package directory

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// NewClient is what an API client of the entity face is made from.
type NewClient struct {
	Description string
	Features    []access.Feature
	ID, Secret  string   // made up when empty: 32 lower-case letters and digits
	Whitelist   []string // CIDR blocks that may call; all when empty
}

// Client is an API client of the entity face.
type Client struct {
	ID          string
	Secret      string // only right after it was made
	Description string
	Features    []access.Feature
	Whitelist   []string
	Created     time.Time
}

// clientAttrs is what a client's record holds.
type clientAttrs struct {
	Description string           `json:"description"`
	Features    []access.Feature `json:"features"`
	Whitelist   []string         `json:"whitelist"`
}

const (
	clientSecret = "client"
	anyAddress   = "0.0.0.0/0" // as the API prints "everybody"; holds for IPv6 too
)

var knownFeatures = []access.Feature{
	access.Owner, access.AccessIssuer, access.DirectAccess, access.DirectReadAccess, access.LoginClient, access.Metadata, access.ImageCreate,
}

// AddClient makes an API client. Errors: Invalid with Field "features" or
// "whitelist", Taken when the id is in use.
func (s *Site) AddClient(ctx context.Context, in NewClient) (Client, error) {
	if in.ID == "" {
		in.ID = credential.NewAlnum(32)
	}
	if in.Secret == "" {
		in.Secret = credential.NewAlnum(32)
	}
	if len(in.Whitelist) == 0 {
		in.Whitelist = []string{anyAddress}
	}
	for _, f := range in.Features {
		if !slices.Contains(knownFeatures, f) {
			return Client{}, profile.E(profile.Invalid, profile.CodeChoice, "features", "there is no feature %q", f)
		}
	}
	if len(in.Features) == 0 {
		return Client{}, profile.E(profile.Missing, profile.CodeRequired, "features", "an API client needs a feature, such as owner or direct_access")
	}
	for _, w := range in.Whitelist {
		if _, err := netip.ParsePrefix(w); err != nil {
			return Client{}, profile.E(profile.Invalid, profile.CodeInvalid, "whitelist", "%q is not a CIDR block", w)
		}
	}
	rec, err := s.draft(ctx, profile.Client, profile.ID{}, profile.ID{})
	if err != nil {
		return Client{}, err
	}
	rec.Attrs = marshal(clientAttrs{in.Description, in.Features, in.Whitelist})
	rec.Names = append(rec.Names, profile.Name{Space: profile.ClientID, Value: in.ID})
	sealed := s.d.dataKey.Seal([]byte(in.Secret), []byte(clientSecret))
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Create(rec, s.event(profile.ID{}, "client.created", rec.ID)); err != nil {
			return err
		}
		return tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: clientSecret, Data: sealed, Created: rec.Created})
	})
	return Client{in.ID, in.Secret, in.Description, in.Features, in.Whitelist, rec.Created}, err
}

// Clients lists the API clients in the order of their making.
func (s *Site) Clients(ctx context.Context) ([]Client, error) {
	var out []Client
	var failed error
	err := s.data.View(ctx, func(r store.Reader) error {
		return r.ByNumber(profile.Client, 0, int64(^uint64(0)>>1), false, func(rec *store.Record) bool {
			var a clientAttrs
			if failed = json.Unmarshal(rec.Attrs, &a); failed != nil {
				return false
			}
			out = append(out, Client{ID: rec.Name(profile.ClientID), Description: a.Description, Features: a.Features, Whitelist: a.Whitelist, Created: rec.Created})
			return true
		})
	})
	return out, joinErr(failed, err)
}

// clientEntry is an API client as last read, with its secret opened: a call
// costs no look-up and no password hash.
type clientEntry struct {
	read   time.Time
	who    access.Principal
	secret string
	digest string
	allow  []netip.Prefix // nil: everybody
}

// ClientBySecret proves an API client by id and secret. Errors:
// Unauthenticated/CodeBadClient, also when the caller's address may not use it.
func (s *Site) ClientBySecret(ctx context.Context, id, secret string, from netip.Addr) (access.Principal, error) {
	e, err := s.client(ctx, id)
	if err != nil {
		return access.Principal{}, err
	}
	if !credential.EqualDigest(e.digest, secret) || !e.admits(from) {
		return access.Principal{}, badClient()
	}
	return e.who, nil
}

// ClientBySignature proves an API client by a signature that verify checks with
// the client's secret.
func (s *Site) ClientBySignature(ctx context.Context, id string, from netip.Addr, verify func(secret string) bool) (access.Principal, error) {
	e, err := s.client(ctx, id)
	if err != nil {
		return access.Principal{}, err
	}
	if !verify(e.secret) || !e.admits(from) {
		return access.Principal{}, badClient()
	}
	return e.who, nil
}

func badClient() error {
	return profile.E(profile.Unauthenticated, profile.CodeBadClient, "", "unknown client or wrong secret")
}

func (e *clientEntry) admits(from netip.Addr) bool {
	if e.allow == nil {
		return true
	}
	from = from.Unmap()
	return slices.ContainsFunc(e.allow, func(p netip.Prefix) bool { return p.Contains(from) })
}

func (s *Site) client(ctx context.Context, id string) (*clientEntry, error) {
	if v, ok := s.clients.Load(id); ok {
		if e := v.(*clientEntry); s.d.now().Sub(e.read) < fresh {
			return e, nil
		}
	}
	e, err := s.readClient(ctx, id)
	if profile.IsKind(err, profile.NotFound) {
		s.clients.Delete(id)
		return nil, badClient()
	}
	if err != nil {
		return nil, err
	}
	s.clients.Store(id, e)
	return e, nil
}

func (s *Site) readClient(ctx context.Context, id string) (*clientEntry, error) {
	e := &clientEntry{read: s.d.now()}
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := r.ByName(profile.ID{}, profile.ClientID, id)
		if err != nil {
			return err
		}
		var a clientAttrs
		if err := json.Unmarshal(rec.Attrs, &a); err != nil {
			return err
		}
		row, err := r.Secret(rec.ID, clientSecret, "")
		if err != nil {
			return err
		}
		secret, err := s.d.dataKey.Open(row.Data, []byte(clientSecret))
		if err != nil {
			return err
		}
		e.secret, e.digest = string(secret), credential.Digest(string(secret))
		e.who = access.Principal{Subject: rec.ID, Client: true, Features: a.Features}
		e.allow = nil
		if !slices.Contains(a.Whitelist, anyAddress) {
			for _, w := range a.Whitelist {
				p, err := netip.ParsePrefix(w)
				if err != nil {
					return err
				}
				e.allow = append(e.allow, p)
			}
		}
		return nil
	})
	return e, err
}
