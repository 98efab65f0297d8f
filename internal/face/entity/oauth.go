package entity

import (
	"net/http"
	"strconv"
	"time"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// tokenPath is the one operation whose errors are OAuth's (RFC 6749, section
// 5.2), with their HTTP statuses.
const tokenPath = "/oauth/token"

// exchange is oauth/token: an authorization code or a refresh token for
// {"access_token":"…","expires_in":3600,"refresh_token":"…","stat":"ok"}.
func exchange(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	kind, err := f.needText("grant_type")
	if err != nil {
		return err
	}
	var tokens directory.ClientTokens
	switch kind {
	case "authorization_code":
		code, err := f.needText("code")
		if err != nil {
			return err
		}
		redirect, err := f.needText("redirect_uri")
		if err != nil {
			return err
		}
		if tokens, err = c.Site.ExchangeCode(r.Context(), c.Who, code, redirect); err != nil {
			return err
		}
	case "refresh_token":
		refresh, err := f.needText("refresh_token")
		if err != nil {
			return err
		}
		if tokens, err = c.Site.RefreshIssued(r.Context(), c.Who, refresh); err != nil {
			return err
		}
	default:
		return profile.E(profile.Invalid, codeGrantType, "grant_type", "invalid grant_type: %.50s", kind)
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := schema.AppendString(append(*p, `{"access_token":`...), tokens.Access)
	b = strconv.AppendInt(append(b, `,"expires_in":`...), int64(tokens.Life/time.Second), 10)
	b = schema.AppendString(append(b, `,"refresh_token":`...), tokens.Refresh)
	if tokens.State != nil {
		b = append(append(b, `,"transaction_state":`...), tokens.State...)
	}
	*p = append(b, `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}

// failToken answers with an error of oauth/token: OAuth's name and status, and
// the API's name as sub_error.
func failToken(w http.ResponseWriter, c *face.Call, err error) {
	e := profile.AsError(err)
	as := translate(e)
	name, status := oauthError(e)
	h := w.Header()
	if e.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(e.Retry))
	}
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="Entity API"`)
	}
	p := takeBuffer()
	defer giveBuffer(p)
	*p = appendError(*p, as, e, name, requestID(c))
	setHeaders(h)
	w.WriteHeader(status)
	_, _ = w.Write(*p)
}

func oauthError(e *profile.Error) (name string, status int) {
	switch e.Code {
	case profile.CodeAuthorizationCode, profile.CodeAuthorizationOver, profile.CodeRedirectURI, profile.CodeRefreshToken, profile.CodeNoGrant:
		return "invalid_grant", http.StatusBadRequest
	}
	switch e.Kind {
	case profile.Internal:
		return "server_error", http.StatusInternalServerError
	case profile.Busy, profile.Limited:
		return "temporarily_unavailable", http.StatusServiceUnavailable
	case profile.Unauthenticated, profile.Expired:
		return "invalid_client", http.StatusUnauthorized
	case profile.Forbidden:
		return "unauthorized_client", http.StatusBadRequest
	}
	return "invalid_request", http.StatusBadRequest
}
