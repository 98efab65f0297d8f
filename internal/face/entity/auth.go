package entity

import (
	"net/http"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/face"
	"facet/internal/profile"
)

// skew is how far the date of a signed request may be from ours. It bounds, too,
// for how long a request that was overheard can be sent again.
const skew = 15 * time.Minute

// identify finds out who calls: by the Authorization header, else by the
// parameters access_token or client_id and client_secret. Nobody is no error
// here; a proof that is wrong is. (Identity Cloud, "Authentication".) By a
// creation_token entity.create makes records for the client that had it issued.
func identify(r *http.Request, c *face.Call, f *form) (access.Principal, error) {
	ctx, site := r.Context(), c.Site
	header := r.Header.Get("Authorization")
	if header == "" {
		if token := f.text("access_token"); token != "" {
			return site.Authenticate(ctx, token)
		}
		id, secret := f.text("client_id"), f.text("client_secret")
		switch token := f.text("creation_token"); {
		case id != "" && secret != "":
			return site.ClientBySecret(ctx, id, secret, c.From)
		case token != "" && r.URL.Path == "/entity.create":
			return site.AuthenticateCreation(ctx, token)
		}
		return access.Principal{}, nil
	}
	scheme, rest, _ := strings.Cut(header, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case strings.EqualFold(scheme, "Basic"):
		id, secret, ok := credential.ParseBasic(header)
		if !ok {
			return access.Principal{}, profile.E(profile.Unauthenticated, profile.CodeBadClient, "", "the credentials are malformed")
		}
		return site.ClientBySecret(ctx, id, secret, c.From)
	case strings.EqualFold(scheme, "Signature"):
		return identifySigned(r, c, f, rest)
	case strings.EqualFold(scheme, "OAuth"):
		return site.Authenticate(ctx, rest)
	}
	return access.Principal{}, profile.E(profile.Unauthenticated, profile.CodeNoAuth, "",
		"the authentication method is not supported, use Basic, Signature or OAuth")
}

// identifySigned proves the client of a janrain-signed request.
func identifySigned(r *http.Request, c *face.Call, f *form, proof string) (access.Principal, error) {
	id, signature, _ := strings.Cut(proof, ":")
	date := r.Header.Get("Date")
	if err := credential.CheckDate(date, c.Site.Now(), skew); err != nil {
		if profile.IsKind(err, profile.Malformed) {
			return access.Principal{}, badArgument("Date", "it must be of the form YYYY-MM-DD HH:MM:SS")
		}
		return access.Principal{}, err
	}
	params := make([]credential.Param, len(f.params))
	for i, p := range f.params {
		params[i] = credential.Param{Key: p.name, Value: p.value}
	}
	return c.Site.ClientBySignature(r.Context(), id, c.From, func(secret string) bool {
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
