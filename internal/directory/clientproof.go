package directory

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// clientEntry is an API client as last read, with its secrets opened: a call
// costs no look-up and no password hash.
type clientEntry struct {
	read    time.Time
	id      string // as published
	who     access.Principal
	secrets []clientKey
	allow   []netip.Prefix // nil: everybody
}

// clientKey is a secret that proves an API client: the present one, or one
// before it that still works for a while.
type clientKey struct {
	secret  string
	digest  string
	expires time.Time // zero: never
}

// ClientBySecret proves an API client by id and secret. Errors:
// Unauthenticated/CodeBadClient; Forbidden when the caller's address may not
// use it.
func (s *Site) ClientBySecret(ctx context.Context, id, secret string, from netip.Addr) (access.Principal, error) {
	return s.proveClient(ctx, id, from, func(k clientKey) bool { return credential.EqualDigest(k.digest, secret) })
}

// ClientBySignature proves an API client by a signature that verify checks with
// a secret of the client. Errors: as ClientBySecret.
func (s *Site) ClientBySignature(ctx context.Context, id string, from netip.Addr, verify func(secret string) bool) (access.Principal, error) {
	return s.proveClient(ctx, id, from, func(k clientKey) bool { return verify(k.secret) })
}

func (s *Site) proveClient(ctx context.Context, id string, from netip.Addr, proves func(clientKey) bool) (access.Principal, error) {
	e, err := s.client(ctx, id)
	if err != nil {
		return access.Principal{}, err
	}
	now, proved := s.d.now(), false
	for _, k := range e.secrets {
		proved = proves(k) && (k.expires.IsZero() || k.expires.After(now)) || proved
	}
	switch {
	case !proved:
		return access.Principal{}, badClient()
	case !admits(e.allow, from):
		return access.Principal{}, profile.E(profile.Forbidden, profile.CodeForbidden, "", "the client may not be used from this address")
	}
	return e.who, nil
}

func badClient() error {
	return profile.E(profile.Unauthenticated, profile.CodeBadClient, "", "unknown client or wrong secret")
}

// admits reports whether an address is in a list of blocks; nil has all.
func admits(allow []netip.Prefix, from netip.Addr) bool {
	if allow == nil {
		return true
	}
	from = from.Unmap()
	return slices.ContainsFunc(allow, func(p netip.Prefix) bool { return p.Contains(from) })
}

// maxWhitelist is how many blocks a client's list may have.
const maxWhitelist = 200

// prefixes reads a list of CIDR blocks and single addresses, IPv4 or IPv6;
// 0.0.0.0/0 is everybody, nil. Errors: Invalid with Field "whitelist".
func prefixes(whitelist []string) ([]netip.Prefix, error) {
	bad := func(format string, args ...any) error {
		return profile.E(profile.Invalid, profile.CodeInvalid, "whitelist", format, args...)
	}
	if len(whitelist) > maxWhitelist {
		return nil, bad("it has more than %d blocks", maxWhitelist)
	}
	out := make([]netip.Prefix, 0, len(whitelist))
	for _, w := range whitelist {
		block := w
		if addr, err := netip.ParseAddr(w); err == nil && addr.Zone() == "" {
			block = netip.PrefixFrom(addr, addr.BitLen()).String()
		}
		p, err := netip.ParsePrefix(block)
		if err != nil || p.Addr().Is4In6() {
			return nil, bad("invalid cidr address: %.50q", w)
		}
		out = append(out, p)
	}
	if slices.Contains(whitelist, anyAddress) {
		return nil, nil
	}
	return out, nil
}

// checkFeatures reads a list of features, each once. Errors: Invalid with Field
// "features".
func checkFeatures(in []access.Feature) ([]access.Feature, error) {
	out := []access.Feature{}
	for _, f := range in {
		if !slices.Contains(knownFeatures, f) {
			return nil, profile.E(profile.Invalid, profile.CodeChoice, "features", "there is no feature %.50q", string(f))
		}
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	if len(out) > 1 && slices.Contains(out, access.LoginClient) {
		return nil, profile.E(profile.Invalid, profile.CodeChoice, "features", "login_client must be the only feature")
	}
	return out, nil
}

const maxDescription = 1000 // bytes

func checkDescription(text string) error {
	if len(text) > maxDescription || strings.ContainsRune(text, 0) {
		return profile.E(profile.Invalid, profile.CodeInvalid, "description", "it is longer than %d bytes", maxDescription)
	}
	return nil
}

// client finds an API client by its published id: Unauthenticated when there is
// none.
func (s *Site) client(ctx context.Context, id string) (*clientEntry, error) {
	return s.cachedClient(ctx, id, func(r store.Reader) (*store.Record, error) {
		return r.ByName(profile.ID{}, profile.ClientID, id)
	})
}

// clientRecord finds an API client by the id of its record: Unauthenticated
// when it has been deleted.
func (s *Site) clientRecord(ctx context.Context, id profile.ID) (*clientEntry, error) {
	return s.cachedClient(ctx, id, func(r store.Reader) (*store.Record, error) { return r.Record(id) })
}

// cachedClient reads a client, or gives it as it was read less than fresh ago;
// key is what find finds it by.
func (s *Site) cachedClient(ctx context.Context, key any, find func(store.Reader) (*store.Record, error)) (*clientEntry, error) {
	if v, ok := s.clients.Load(key); ok {
		if e := v.(*clientEntry); s.d.now().Sub(e.read) < fresh {
			return e, nil
		}
	}
	e := &clientEntry{read: s.d.now()}
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := find(r)
		if err == nil && rec.Type != profile.Client {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.fillClient(r, rec, e)
	})
	if profile.IsKind(err, profile.NotFound) {
		s.clients.Delete(key)
		return nil, badClient()
	}
	if err != nil {
		return nil, err
	}
	s.clients.Store(key, e)
	return e, nil
}

func (s *Site) fillClient(r store.Reader, rec *store.Record, e *clientEntry) error {
	var a clientAttrs
	if err := json.Unmarshal(rec.Attrs, &a); err != nil {
		return err
	}
	rows, err := r.Secrets(rec.ID, clientSecret)
	if err != nil {
		return err
	}
	for _, row := range rows {
		secret, err := s.openSecret(row)
		if err != nil {
			return err
		}
		e.secrets = append(e.secrets, clientKey{secret, credential.Digest(secret), row.Expires})
	}
	e.id = rec.Name(profile.ClientID)
	e.who = access.Principal{Subject: rec.ID, Client: true, Features: a.Features}
	e.allow, err = prefixes(a.Whitelist)
	return err
}

// openSecret opens a secret of an API client: signed requests need it readable.
func (s *Site) openSecret(row *store.Secret) (string, error) {
	plain, err := s.d.dataKey.Open(row.Data, []byte(clientSecret))
	return string(plain), err
}

// forgetClient makes this process read a client anew; the others do within a
// second.
func (s *Site) forgetClient(rec *store.Record) {
	s.clients.Delete(rec.Name(profile.ClientID))
	s.clients.Delete(rec.ID)
}
