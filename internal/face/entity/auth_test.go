package entity_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
)

// TestPermissionsOfFeatures is the table of the operations' pages: each
// feature alone, with each operation.
func TestPermissionsOfFeatures(t *testing.T) {
	s := start(t)
	for _, row := range []struct {
		op   string
		args []string
		may  []access.Feature
	}{
		{"entity.create", []string{"attributes", `{}`}, []access.Feature{access.Owner, access.DirectAccess}},
		{"entity.update", []string{"id", "42", "attributes", `{}`}, []access.Feature{access.Owner, access.DirectAccess}},
		{"entity.delete", []string{"id", "999999999"}, []access.Feature{access.Owner, access.DirectAccess}},
		{"entity.count", nil, []access.Feature{access.Owner}},
		{"entity.find", nil, []access.Feature{access.Owner, access.DirectAccess, access.DirectReadAccess}},
		{"entity", []string{"id", "42"}, []access.Feature{access.Owner, access.DirectAccess, access.DirectReadAccess}},
	} {
		for _, f := range features {
			t.Run(row.op+" by "+string(f), func(t *testing.T) {
				auth := s.client(t, directory.NewClient{Features: []access.Feature{f}})
				a := s.as(t, auth, row.op, append([]string{"type_name", "user"}, row.args...)...)
				refused := strings.Contains(string(a.Body), `"code":403,`)
				allowed := false
				for _, m := range row.may {
					allowed = allowed || m == f
				}
				if refused == allowed {
					t.Errorf("allowed %t: %s", allowed, a.Body)
				}
				if refused {
					wantError(t, a, 403, "client_permission_error")
				}
			})
		}
	}
}

func TestWaysToProveAClient(t *testing.T) {
	s := start(t)
	const body = "type_name=user&id=42"
	for _, c := range []struct {
		name, auth, path, body string
		code                   string // "" is success
	}{
		{"Basic", printedAuth, "/entity", body, ""},
		{"basic in lower case", "basic" + strings.TrimPrefix(printedAuth, "Basic"), "/entity", body, ""},
		{"parameters", "", "/entity", body + "&client_id=" + printedID + "&client_secret=" + printedSecret, ""},
		{"parameters in the query", "", "/entity?client_id=" + printedID + "&client_secret=" + printedSecret, body, ""},
		{"wrong secret", "", "/entity", body + "&client_id=" + printedID + "&client_secret=x", "402"},
		{"unknown client", "", "/entity", body + "&client_id=x&client_secret=x", "402"},
		{"id alone", "", "/entity", body + "&client_id=" + printedID, "205"},
		{"nothing", "", "/entity", body, "205"},
		{"Basic that is no base64", "Basic !!", "/entity", body, "402"},
		{"Basic without colon", "Basic eA==", "/entity", body, "402"},
		{"Basic with a wrong secret", "Basic eDp5", "/entity", body, "402"},
		{"another scheme", "Bearer x", "/entity", body, "205"},
		{"another scheme beside parameters", "Digest x", "/entity", body + "&client_id=" + printedID + "&client_secret=" + printedSecret, "205"},
		{"dead token", "OAuth x", "/entity", body, "414"},
		{"dead token as parameter", "", "/entity", "access_token=x", "414"},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := facetest.Call{Method: http.MethodPost, Path: c.path, Body: c.body, Type: formType, Header: map[string]string{}}
			if c.auth != "" {
				call.Header["Authorization"] = c.auth
			}
			a := s.Do(t, call).Want(200)
			if code, ok := a.At("code"); ok && c.code == "" || c.code != "" && (!ok || code.(interface{ String() string }).String() != c.code) {
				t.Errorf("%s", a.Body)
			}
		})
	}
}

func TestSignedRequests(t *testing.T) {
	s := start(t)
	now := s.Clock.Now().Format(time.DateTime)
	old, early := s.Clock.Now().Add(-16*time.Minute).Format(time.DateTime), s.Clock.Now().Add(14*time.Minute).Format(time.DateTime)
	params := url.Values{"type_name": {"user"}, "filter": {"displayName = 'Xia Lee'\nor givenName = 'Zoë'"}}
	sign := func(secret, path, date string, v url.Values) string {
		var list []credential.Param
		for k := range v {
			list = append(list, credential.Param{Key: k, Value: v.Get(k)})
		}
		return "Signature " + printedID + ":" + credential.Sign(secret, path, date, list)
	}
	for _, c := range []struct {
		name, path, body, date, auth string
		code                         string
	}{
		{"in the body", "/entity.find", params.Encode(), now, sign(printedSecret, "/entity.find", now, params), ""},
		{"in the query", "/entity.find?" + params.Encode(), "", now, sign(printedSecret, "/entity.find", now, params), ""},
		{"beside parameters that are not signed", "/entity.find?client_id=x&access_token=y", params.Encode(), now, sign(printedSecret, "/entity.find", now, params), ""},
		{"wrong secret", "/entity.find", params.Encode(), now, sign("x", "/entity.find", now, params), "402"},
		{"another path", "/entity.count", params.Encode(), now, sign(printedSecret, "/entity.find", now, params), "402"},
		{"another parameter", "/entity.find", params.Encode() + "&max_results=1", now, sign(printedSecret, "/entity.find", now, params), "402"},
		{"no signature", "/entity.find", params.Encode(), now, "Signature " + printedID, "402"},
		{"unknown client", "/entity.find", params.Encode(), now, "Signature x:y", "402"},
		{"malformed date", "/entity.find", params.Encode(), "Sat, 31 Jan 2026 12:00:00 GMT", sign(printedSecret, "/entity.find", now, params), "200"},
		{"old date", "/entity.find", params.Encode(), old, sign(printedSecret, "/entity.find", old, params), "402"},
		{"a clock that is ahead", "/entity.find", params.Encode(), early, sign(printedSecret, "/entity.find", early, params), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.Do(t, facetest.Call{Method: http.MethodPost, Path: c.path, Body: c.body, Type: formType,
				Header: map[string]string{"Authorization": c.auth, "Date": c.date}}).Want(200)
			if c.code == "" {
				a.Is(map[string]any{"result_count": 1, "results.0.displayName": "Xia Lee"})
			} else if code, _ := a.At("code"); code == nil || code.(interface{ String() string }).String() != c.code {
				t.Errorf("%s", a.Body)
			}
		})
	}
}

// xia signs in and gives her token.
func (s service) xia(t *testing.T) string {
	t.Helper()
	in, err := s.Site.Login(t.Context(), directory.Credentials{Login: "xia", Spaces: []profile.Space{profile.Slug}, Password: facetest.Password}, directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	return in.Token
}

func TestATokenReadsItsOwnRecordAndDoesNoMore(t *testing.T) {
	s := start(t)
	token := s.xia(t)
	for name, a := range map[string]facetest.Answer{
		"header":             s.as(t, "OAuth "+token, "entity"),
		"parameter":          s.as(t, "", "entity", "access_token", token),
		"others are ignored": s.as(t, "OAuth "+token, "entity", "type_name", "user", "id", "42"),
		"query of a GET":     s.Do(t, facetest.Call{Method: http.MethodGet, Path: "/entity?access_token=" + token}),
	} {
		if a.Text("stat") != "ok" || a.Text("result.displayName") != "Xia Lee" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	a := s.as(t, "OAuth "+token, "entity", "attributes", `["displayName"]`)
	if got := string(a.Body); got != `{"result":{"displayName":"Xia Lee"},"stat":"ok"}` {
		t.Errorf("%s", got)
	}
	for _, op := range []string{"entity.find", "entity.count", "entity.create", "entity.update", "entity.delete"} {
		wantError(t, s.as(t, "OAuth "+token, op, "type_name", "user", "attributes", `{}`), 403, "client_permission_error")
	}
	who, err := s.Site.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Site.Logout(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.as(t, "OAuth "+token, "entity"), 414, "access_token_expired")
}

func TestAnOldTokenIsExpired(t *testing.T) {
	s := start(t)
	token := s.xia(t)
	s.Clock.Advance(2 * time.Hour)
	wantError(t, s.as(t, "OAuth "+token, "entity"), 414, "access_token_expired")
}
