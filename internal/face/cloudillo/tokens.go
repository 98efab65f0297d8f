package cloudillo

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
)

// queryFields reads a query in which every parameter is there once.
func queryFields(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("", "the query cannot be read")
	}
	for name, values := range query {
		if len(values) > 1 {
			return nil, invalid(name, "it is there more than once")
		}
	}
	return query, nil
}

// scopedToken gives a token for an API key, for a ref, by way of a file, or for
// the caller's session (GET /api/auth/access-token).
func scopedToken(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	query, err := queryFields(r)
	if err != nil {
		return err
	}
	ways := 0
	for _, name := range []string{"apiKey", "refId", "via"} {
		if query.Get(name) != "" {
			ways++
		}
	}
	if ways > 1 {
		return invalid("", "one of apiKey, refId and via")
	}
	var life time.Duration
	if text := query.Get("lifetime"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return invalid("lifetime", "lifetime is a number of seconds")
		}
		life = min(time.Duration(min(n, 3600))*time.Second, time.Hour)
	}
	switch {
	case query.Get("apiKey") != "":
		return tokenOfKey(w, r, c, query, life)
	case query.Get("refId") != "" || query.Get("via") != "":
		return tokenOfFile(w, r, c, query, life)
	}
	scopes, err := access.ParseScopes(query.Get("scope"))
	if err != nil {
		return err
	}
	var in directory.SignIn
	if len(scopes) == 0 && life == 0 {
		in, err = c.Site.Renew(r.Context(), c.Who)
	} else {
		in, err = c.Site.ScopedToken(r.Context(), c.Who, scopes, life)
	}
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, tokenAnswer{Token: in.Token, ExpiresAt: in.Expires.Unix(), Scope: query.Get("scope")})
}

func tokenOfKey(w http.ResponseWriter, r *http.Request, c *face.Call, query url.Values, life time.Duration) error {
	if query.Get("scope") != "" {
		return invalid("scope", "an API key has its own scopes")
	}
	in, err := c.Site.KeyToken(r.Context(), query.Get("apiKey"), c.Identity, life)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, tokenAnswer{Token: in.Token, ExpiresAt: in.Expires.Unix()})
}

func tokenOfFile(w http.ResponseWriter, r *http.Request, c *face.Call, query url.Values, life time.Duration) error {
	if life != 0 {
		return invalid("lifetime", "a token for a file lives an hour")
	}
	var out directory.FileToken
	if id := query.Get("refId"); id != "" {
		again, err := truth(query, "refresh")
		if err != nil {
			return err
		}
		if query.Get("scope") != "" {
			return invalid("scope", "a ref has its own scope")
		}
		if out, err = c.Site.RefToken(r.Context(), c.Who, id, again != nil && *again); err != nil {
			return ofRef(err)
		}
	} else {
		if query.Get("scope") == "" {
			return required("scope")
		}
		var err error
		if out, err = c.Site.ViaToken(r.Context(), c.Who, query.Get("via"), query.Get("scope")); err != nil {
			return err
		}
	}
	return answer(w, c, http.StatusOK, tokenAnswer{
		Token: out.Token, ResourceID: out.File, AccessLevel: out.Level, Scope: out.Scope, ExpiresAt: out.Expires.Unix(), Params: out.Params,
	})
}

// proxyToken gives a token for the host of an identity (GET
// /api/auth/proxy-token). All identities are this server's, so it is one of the
// caller's own; other people's hosts are none of theirs.
func proxyToken(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	query, err := queryFields(r)
	if err != nil {
		return err
	}
	in, err := c.Site.ProxyToken(r.Context(), c.Who, query.Get("idTag"))
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, proxyAnswer{in.Token, ownRoles})
}
