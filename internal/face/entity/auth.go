package entity

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/profile"
)

// skew is how far the date of a signed request may be from ours.
const skew = 15 * time.Minute

// identify finds out who calls: by the Authorization header, else by the
// parameters access_token or client_id and client_secret. Nobody is no error
// here; a proof that is wrong is. (Identity Cloud, "Authentication".)
func identify(r *http.Request, site *directory.Site, f *form) (access.Principal, error) {
	ctx := r.Context()
	header := r.Header.Get("Authorization")
	if header == "" {
		if token := f.text("access_token"); token != "" {
			return site.Authenticate(ctx, token)
		}
		id, secret := f.text("client_id"), f.text("client_secret")
		if id == "" || secret == "" {
			return access.Principal{}, nil
		}
		return site.ClientBySecret(ctx, id, secret, address(r))
	}
	scheme, rest, _ := strings.Cut(header, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case strings.EqualFold(scheme, "Basic"):
		id, secret, ok := credential.ParseBasic(header)
		if !ok {
			return access.Principal{}, profile.E(profile.Unauthenticated, profile.CodeBadClient, "", "the credentials are malformed")
		}
		return site.ClientBySecret(ctx, id, secret, address(r))
	case strings.EqualFold(scheme, "Signature"):
		return identifySigned(r, site, f, rest)
	case strings.EqualFold(scheme, "OAuth"):
		return site.Authenticate(ctx, rest)
	}
	return access.Principal{}, profile.E(profile.Unauthenticated, profile.CodeNoAuth, "",
		"the authentication method is not supported, use Basic, Signature or OAuth")
}

// identifySigned proves the client of a janrain-signed request.
func identifySigned(r *http.Request, site *directory.Site, f *form, proof string) (access.Principal, error) {
	id, signature, _ := strings.Cut(proof, ":")
	date := r.Header.Get("Date")
	if err := credential.CheckDate(date, site.Now(), skew); err != nil {
		if profile.IsKind(err, profile.Malformed) {
			return access.Principal{}, badArgument("Date", "it must be of the form YYYY-MM-DD HH:MM:SS")
		}
		return access.Principal{}, err
	}
	params := make([]credential.Param, len(f.params))
	for i, p := range f.params {
		params[i] = credential.Param{Key: p.name, Value: p.value}
	}
	return site.ClientBySignature(r.Context(), id, address(r), func(secret string) bool {
		return credential.VerifySignature(secret, signedPath(r), date, params, signature)
	})
}

// signedPath is the path as the client wrote it, without host and query.
func signedPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") {
		return r.URL.Path
	}
	return path
}

// address is where the call came from; the zero address is in nobody's list.
func address(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr()
}
