package entity_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/face/entity"
	"facet/internal/facetest"
	"facet/internal/server"
)

// TestRecordedErrors are the cases E-05, E-06, E-07 and E-11.
func TestRecordedErrors(t *testing.T) {
	s := startOwn(t)
	for _, c := range []struct {
		name   string
		answer facetest.Answer
		want   string
	}{
		{"E-05", s.post(t, "", "entity.find", "type_name", "user"),
			`{"request_id":"…","code":205,"error_description":"no authentication provided, for example client_id and client_secret","error":"invalid_auth_method","stat":"error"}`},
		{"E-06", s.call(t, "nosuch"), `{"request_id":"…","code":404,"error_description":"This API endpoint does not exist","error":"invalid_api_method","stat":"error"}`},
		{"E-07", s.post(t, "OAuth abcdefghijklmnop", "entity"), `{"request_id":"…","code":414,"error_description":"access_token expired","error":"access_token_expired","stat":"error"}`},
		{"E-11", s.call(t, "entity", "type_name", "user"),
			`{"argument_name":"uuid","request_id":"…","code":100,"error_description":"missing required argument: uuid","error":"missing_argument","stat":"error"}`},
	} {
		if got := masked(c.answer.Want(http.StatusOK)); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestEveryAnswerIsJSONThatNobodyStores(t *testing.T) {
	s := startOwn(t)
	for _, a := range []facetest.Answer{s.ok(t, "entity.count", "type_name", "user"), s.ok(t, "clients/list"), s.call(t, "nosuch"), s.call(t, "entity"),
		s.call(t, "oauth/token"), s.call(t, "oauth/token", "grant_type", "authorization_code", "code", "x", "redirect_uri", "x")} {
		if a.Header.Get("Content-Type") != "application/json" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", a.Header)
		}
	}
}

// TestRequestsAsClientsWriteThem sends heads and bodies as they stand in the
// requests of published clients.
func TestRequestsAsClientsWriteThem(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{"displayName":"Ann"}`)
	secret := "client_id=" + s.owner.ID + "&client_secret=" + s.owner.Secret
	who := strings.TrimPrefix(basicOf(s.owner), "Authorization: ")
	for _, c := range []struct{ name, request, body, want string }{
		{"no type, no length of a body, all in the query", "POST /entity?type_name=user&uuid=" + uuid + "&" + secret, "", `"displayName":"Ann"`},
		{"no arguments, no type, length 0", "POST /settings/items HTTP/1.1\r\nAuthorization: " + who + "\r\nContent-Length: 0", "", `{"result":{},"stat":"ok"}`},
		{"a leading &, no type", "POST /entity", "&type_name=user&uuid=" + uuid + "&" + secret, `"displayName":"Ann"`},
		{"a form in the body of a GET", "GET /entity HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded", "type_name=user&uuid=" + uuid + "&" + secret, `"displayName":"Ann"`},
		{"JSON beside the query", "POST /entity?type_name=user&uuid=" + uuid + " HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: " + who, `{"uuid":"x"}`, `"displayName":"Ann"`},
		{"gzip is welcome", "POST /entity HTTP/1.1\r\nAccept-Encoding: gzip", "type_name=user&uuid=" + uuid + "&" + secret, `"displayName":"Ann"`},
		{"an application's id", "POST /entity HTTP/1.1\r\nX-Application-Id: x", "application_id=x&type_name=user&uuid=" + uuid + "&" + secret, `"displayName":"Ann"`},
		{"the body goes before the query", "POST /entity?type_name=robot&uuid=x", "type_name=user&uuid=" + uuid + "&" + secret, `"displayName":"Ann"`},
		{"a delete in the query alone", "POST /entity.delete?type_name=user&uuid=" + uuid + "&" + secret, "", `"code":100,`},
		{"an access that is ended in the query alone", "POST /entity.deleteAccess?type_name=user&uuid=" + uuid + "&" + secret, "", `"code":100,`},
		{"a GET that writes", "GET /clients/add?description=x&" + secret, "", `"code":404,`},
		{"True", "POST /entity.create", "attributes=%7B%7D&include_record=True&" + secret, `"result":{`},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := c.request
			if !strings.Contains(head, " HTTP/1.1") {
				head += " HTTP/1.1"
			}
			if c.body != "" {
				head += fmt.Sprintf("\r\nContent-Length: %d", len(c.body))
			}
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, head+"\r\nHost: "+ownHost+"\r\n\r\n"+c.body); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Encoding") != "" || !strings.Contains(string(body), c.want) {
				t.Errorf("%d %v %s %v", resp.StatusCode, resp.Header, body, err)
			}
		})
	}
	s.ok(t, "entity", "type_name", "user", "uuid", uuid)
}

func basicOf(c directory.Client) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(c.ID, c.Secret)
	return r.Header.Get("Authorization")
}

func TestASignedRequestWithoutParametersHasTwoForms(t *testing.T) {
	s := startOwn(t)
	date := s.Clock.Now().Format(time.DateTime)
	plain := credential.Sign(s.owner.Secret, "/clients/list", date, nil)
	sample := credential.Sign(s.owner.Secret, "/clients/list", date+"\n", nil) // one newline more
	for name, signature := range map[string]string{"of the libraries": plain, "of the printed samples": sample} {
		a := s.Do(t, facetest.Call{Method: "POST", Path: "/clients/list", Header: map[string]string{"Host": ownHost, "Date": date, "Authorization": "Signature " + s.owner.ID + ":" + signature}})
		if a.Text("stat") != "ok" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
}

func TestAddressesAreThoseBeforeTrustedProxies(t *testing.T) {
	s := startOwn(t)
	c, err := s.site.AddClient(t.Context(), directory.NewClient{Description: "c", Features: []access.Feature{access.DirectReadAccess}, Whitelist: []string{"192.0.2.7/32", "2001:db8::/32"}})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := server.New(server.Config{Directory: s.Directory, Faces: []face.Face{entity.New()}, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c2 := range []struct {
		from, forwarded string
		admitted        bool
	}{
		{"192.0.2.7:1234", "", true},
		{"[::ffff:192.0.2.7]:1234", "", true},
		{"[2001:db8:5::1]:1234", "", true},
		{"192.0.2.8:1234", "", false},
		{"192.0.2.8:1234", "192.0.2.7", false}, // no proxy of ours
		{"10.1.1.1:1234", "192.0.2.7", true},
		{"10.1.1.1:1234", "192.0.2.7, 192.0.2.8", false},
		{"10.1.1.1:1234", "192.0.2.8, 192.0.2.7, 10.2.2.2", true},
		{"10.1.1.1:1234", "", false},
		{"@", "", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+ownHost+"/entity.find", strings.NewReader("type_name=user"))
		r.SetBasicAuth(c.ID, c.Secret)
		r.RemoteAddr = c2.from
		if c2.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c2.forwarded)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if got := w.Body.String(); strings.Contains(got, `"stat":"ok"`) != c2.admitted || !c2.admitted && !strings.Contains(got, `"code":403,`) {
			t.Errorf("from %s, forwarded %q: %s", c2.from, c2.forwarded, got)
		}
	}
}

// TestEveryCallHasATimeout asks each operation with a time that is over.
func TestEveryCallHasATimeout(t *testing.T) {
	s := startOwn(t)
	for _, value := range []string{"0", "-1", "x", "1.5"} {
		for _, op := range []string{"entity.create", "clients/list", "settings/keys", "access/getAccessToken", "access/useVerificationCode"} {
			wantError(t, s.call(t, op, "type_name", "user", "attributes", "{}", "timeout", value), 200, "invalid_argument", "argument_name", "timeout")
		}
	}
	for _, value := range []string{"1", "60", "61", "120", "99999", ""} {
		s.ok(t, "entity.create", "attributes", "{}", "timeout", value)
	}
	uuid := s.user(t, `{}`)
	handler, err := server.New(server.Config{Directory: s.Directory, Faces: []face.Face{entity.New()}})
	if err != nil {
		t.Fatal(err)
	}
	before := s.ok(t, "entity", "type_name", "user", "uuid", uuid).Body // the site and the client are known now
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for op, args := range map[string][]string{
		"entity":                      {"uuid", uuid},
		"entity.update":               {"uuid", uuid, "attributes", `{"givenName":"Late"}`},
		"entity.delete":               {"uuid", uuid},
		"entity.create":               {"attributes", `{"givenName":"Late"}`},
		"clients/add":                 {"description", "late"},
		"settings/set":                {"key", "late", "value", "x"},
		"access/getAccessToken":       {"uuid", uuid},
		"access/getAuthorizationCode": {"uuid", uuid, "redirect_uri", "http://x"},
	} {
		r := httptest.NewRequestWithContext(over, http.MethodPost, "http://"+ownHost+"/"+op, strings.NewReader(form(append(args, "type_name", "user")...)))
		r.Header.Set("Content-Type", formType)
		r.SetBasicAuth(s.owner.ID, s.owner.Secret)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"code":504,`) || !strings.Contains(body, `"error":"timeout"`) {
			t.Errorf("%s: %d %s", op, w.Code, body)
		}
	}
	if after := s.ok(t, "entity", "type_name", "user", "uuid", uuid).Body; string(after) != string(before) {
		t.Errorf("written: %s", after)
	}
	s.ok(t, "entity.count", "type_name", "user", "filter", "givenName = 'Late'").Is(map[string]any{"total_count": 0})
	s.ok(t, "settings/items").Is(map[string]any{"result": map[string]any{}})
}
