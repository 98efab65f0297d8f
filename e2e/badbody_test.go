package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"facet/internal/access"
	"facet/internal/facetest"
	"facet/internal/schema"
	"facet/internal/server"
)

// big is more than a body may have.
const big = 1<<20 + 1

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// djaoappProofs sends requests that are all right but for the caller.
func (w *badWalk) djaoappProofs(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	send := func(header string) facetest.Answer {
		t.Helper()
		c := facetest.Call{Method: route.Method, Path: row.path, Header: map[string]string{}}
		if header != "" {
			c.Header["Authorization"] = header
		}
		if row.body != "" {
			c.Body = row.body
		}
		return w.Do(t, c)
	}
	if !open(route.Route) {
		a := send("")
		refused(t, "djaoapp", "no token", a, http.StatusForbidden)
		if string(a.Body) != `{"detail":"Permission denied"}` {
			t.Errorf("no token: %s", a.Body)
		}
	}
	for name, token := range w.noTokens {
		a := send("Bearer " + token)
		switch {
		case route.Pattern == "/api/auth/logout":
			a.Want(http.StatusOK) // whose session is over is signed out
		case open(route.Route):
			refused(t, "djaoapp", "token "+name, a, http.StatusUnauthorized)
			if a.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("token %s: WWW-Authenticate %q", name, a.Header.Get("WWW-Authenticate"))
			}
		default:
			refused(t, "djaoapp", "token "+name, a, http.StatusForbidden)
			if string(a.Body) != `{"detail":"Permission denied"}` {
				t.Errorf("token %s: %s", name, a.Body)
			}
		}
	}
	if open(route.Route) {
		return
	}
	for _, header := range []string{basic(clientID, clientSecret), basic("xia", "yoyo"), "Token " + w.xia, w.xia, "Bearer", "Bearer  ", "Digest x", basic(strings.Repeat("A", 64), "")} {
		refused(t, "djaoapp", header, send(header), http.StatusForbidden)
	}
	a := w.Do(t, facetest.Call{Method: route.Method, Path: row.path, Token: w.xia, Body: row.body, Header: map[string]string{"Host": w.other}})
	refused(t, "djaoapp", "this site's token on another site", a, http.StatusForbidden)
}

// caller gives a token of who may do it: xia, or the operator for plans and for
// what nobody may with the own.
func (w *badWalk) caller(route server.JoinedRoute) string {
	rule, _ := access.RuleOf(route.Permission)
	switch {
	case open(route.Route):
		return ""
	case strings.Contains(route.Pattern, "/plans/"), !rule.SignedIn && !rule.Relations.Has(access.Self|access.Manager):
		return w.donny
	default:
		return w.xia
	}
}

var badJSON = map[string]string{
	"an open object": `{`, "no value": `{"full_name":}`, "a word": `nope`, "something after": `{"full_name":"x"} x`, "two values": `{}{}`,
	"single quotes": `{'full_name':'x'}`, "a comment": `{"full_name":"x"/**/}`, "a comma": `{"full_name":"x",}`, "a bad number": `{"full_name":01}`,
	"NaN": `{"full_name":NaN}`, "a bad escape": `{"full_name":"\x"}`, "a raw newline": "{\"full_name\":\"a\nb\"}",
	"bad UTF-8": "{\"full_name\":\"\xff\"}", "bad UTF-8 in a name": "{\"\xc3\x28\":1}", "cut UTF-8": "{\"full_name\":\"\xe2\x82\"}", "half a pair": `{"full_name":"\ud800"}`,
	"an escaped NUL": `{"full_name":"a\u0000b"}`, "an escaped NUL in a name": `{"a\u0000b":1}`, "a raw NUL": "{\"full_name\":\"a\x00b\"}", "NUL after": "{}\x00", "NULs": strings.Repeat("\x00", 100),
	"a name twice": `{"full_name":"a","full_name":"a"}`, "a name twice, escaped": `{"full_name":"a","full\u005fname":"b"}`, "a nested name twice": `{"extra":{"a":1,"a":2}}`,
	"a list": `[]`, "a text": `"x"`, "a number": `1`, "true": `true`, "null": `null`, "a BOM": "\xef\xbb\xbf{}", "UTF-16": "\xff\xfe{\x00}\x00",
}

// deepJSON is nested deeper than we read.
var deepJSON = map[string]string{
	"100000 brackets": strings.Repeat("[", 100_000), "100000 brackets, closed": strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
	"100000 objects": strings.Repeat(`{"a":`, 100_000), "deep extra": `{"full_name":"x","extra":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
}

var badTypes = map[string]string{
	"text": "text/plain", "XML": "application/xml", "no type": "nonsense", "empty type": ";;;", "Latin-1": "application/json; charset=iso-8859-1",
	"a quote": `application/json; charset="`, "octets": "application/octet-stream", "long": "application/" + strings.Repeat("j", 5000), "odd": "application/\xff",
}

// djaoappBodies sends bodies that cannot be read, or not as what they should
// be.
func (w *badWalk) djaoappBodies(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	token := w.caller(route)
	send := func(contentType string, body any) facetest.Answer {
		t.Helper()
		return w.Do(t, facetest.Call{Method: route.Method, Path: row.path, Token: token, Body: body, Type: contentType})
	}
	refused(t, "djaoapp", "too large", send("", `{"full_name":"`+strings.Repeat("x", big)+`"}`), http.StatusRequestEntityTooLarge)
	if row.ignores {
		return
	}
	a := w.chunked(t, route.Method, row.path, token, `{"full_name":"`+strings.Repeat("x", big)+`"}`)
	refused(t, "djaoapp", "too large, in pieces", a, http.StatusRequestEntityTooLarge)
	for name, body := range badJSON {
		refused(t, "djaoapp", name, send("", body), http.StatusBadRequest)
	}
	for name, body := range deepJSON {
		refused(t, "djaoapp", name, send("", body), http.StatusRequestEntityTooLarge)
	}
	for name, contentType := range badTypes {
		refused(t, "djaoapp", "as "+name, send(contentType, row.body), http.StatusUnsupportedMediaType)
	}
	for _, form := range []string{"full_name=%zz", "full_name=%", "full_name=%ff", "full_name=%00", "full_name=\xff", "a=1&a=2", strings.Repeat("a=1&", 2000), strings.Repeat("&x=1", 20_000)} {
		refused(t, "djaoapp", "form "+form[:min(20, len(form))], send(formType, form), http.StatusBadRequest)
	}
	for _, body := range []string{"", "--x", "--x\r\n\r\nno end", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n",
		"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--x--\r\n"} {
		refused(t, "djaoapp", "multipart "+body, send("multipart/form-data; boundary=x", body), http.StatusBadRequest)
	}
	empty := row.empty
	if empty == 0 {
		empty = http.StatusBadRequest
	}
	for _, body := range []any{nil, "{}", ""} {
		if a := send("", body); empty == http.StatusOK {
			a.Want(empty)
		} else {
			refused(t, "djaoapp", fmt.Sprintf("body %v", body), a, empty)
		}
	}
	for field, values := range row.wrong {
		for _, value := range values {
			var good map[string]any
			if err := json.Unmarshal([]byte(row.body), &good); err != nil {
				t.Fatal(err)
			}
			good[field] = value
			refused(t, "djaoapp", fmt.Sprintf("%s = %.60v", field, value), send("", good), http.StatusBadRequest, tokenStatus(route, field, value))
		}
	}
}

// tokenStatus is the status for a token in the body that is none: DjaoApp says
// 403 where it is missing. A login without a password is 401, and so is one
// that names nobody.
func tokenStatus(route server.JoinedRoute, field string, value any) int {
	switch {
	case route.Pattern == "/api/auth/tokens" && field == "token" && (value == nil || value == "" || value == true || fmt.Sprint(value) == "[]"):
		return http.StatusForbidden
	case strings.HasSuffix(route.Pattern, "/plans/{plan}/subscriptions"):
		return http.StatusNotFound // a grantee that nobody is
	}
	return http.StatusBadRequest
}

// chunked sends a body without telling its length.
func (w *badWalk) chunked(t *testing.T, method, path, token, body string) facetest.Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.URL+path, struct{ *strings.Reader }{strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = -1
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return answerTo(t, req)
}

// djaoappPaths asks for things that nobody has, and for paths that are none.
func (w *badWalk) djaoappPaths(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	send := func(token, path string) facetest.Answer {
		t.Helper()
		c := facetest.Call{Method: route.Method, Path: path, Token: token}
		if row.body != "" {
			c.Body = row.body
		}
		return w.Do(t, c)
	}
	for _, path := range row.unknown {
		switch {
		case open(route.Route): // a key: none, or the word of another API
			refused(t, "djaoapp", path, send("", path), http.StatusBadRequest, http.StatusNotFound)
		default:
			refused(t, "djaoapp", path, send(w.xia, path), http.StatusForbidden)
			refused(t, "djaoapp", path+" for the operator", send(w.donny, path), http.StatusNotFound)
		}
	}
	first := strings.IndexByte(route.Pattern, '{')
	if first < 0 {
		return
	}
	rest := route.Pattern[strings.IndexByte(route.Pattern, '}')+1:]
	rest = strings.ReplaceAll(rest, "{plan}", "premium")
	for _, segment := range []string{"%ff", "%00", "%2F", "a%2Fb", "%2e%2e", "..%2f..", "%25", "xia%00", "%E2%82", "%20", "a%20b", strings.Repeat("x", 10_000), "{user}", "*", "'", "%22", "ſ", "xıa"} {
		refused(t, "djaoapp", "segment "+segment[:min(20, len(segment))], send(w.caller(route), route.Pattern[:first]+segment+rest),
			http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound)
	}
	if route.Method == http.MethodGet && !open(route.Route) {
		for _, query := range []string{"page=0", "page=abc", "page=-1", "page=99999999999999999999"} {
			if a := send(w.caller(route), row.path+"?"+query); a.Status != http.StatusOK {
				refused(t, "djaoapp", query, a, http.StatusNotFound)
			}
		}
		for _, query := range []string{"%zz", "q=%zz", "q=%ff", "q=%00", "page_size=-1", "page_size=999999999999", "o=nothing", "o=%00", "q=" + strings.Repeat("x,", 10_000), "q_f=nothing&q=x", "a;b"} {
			send(w.caller(route), row.path+"?"+query).Want(http.StatusOK) // filters that make no sense are passed over
		}
	}
}

// entityProofs sends calls that are all right but for the caller.
func (w *badWalk) entityProofs(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	want := func(what string, a facetest.Answer, code int) {
		t.Helper()
		refused(t, "entity", what, a, entityStatuses(route.Pattern)...)
		a.Is(map[string]any{"code": code})
	}
	call := func(form, auth string) facetest.Answer {
		t.Helper()
		return w.entityCall(t, route.Method, row.path, form, auth)
	}
	rule, _ := access.RuleOf(route.Permission)
	if !rule.Anyone {
		want("nobody", call(row.body, ""), 205)
		want("half a client", call(row.body+"&client_id="+clientID, ""), 205)
	}
	for _, header := range []string{"Bearer " + w.xia, "Digest x", "x"} {
		want(header, call(row.body, header), 205)
	}
	for name, header := range w.noClients {
		want(name, call(row.body, header), 402)
	}
	want("a wrong secret", call(row.body+"&client_id="+clientID+"&client_secret=wrong", ""), 402)
	for name, token := range w.noTokens {
		want("token "+name, call(row.body, "OAuth "+token), 414)
		if !strings.Contains(token, "\xff") && len(token) < 10_000 {
			want("parameter, token "+name, call(row.body+"&access_token="+token, ""), 414)
		}
	}
	for name, header := range map[string]string{
		"a signature that is none":   "Signature " + clientID + ":AAAA",
		"a signature without client": "Signature AAAA",
		"an empty signature":         "Signature ",
	} {
		refused(t, "entity", name, call(row.body, header), entityStatuses(route.Pattern)...)
	}
	if a := call(row.body, "OAuth "+w.xia); !rule.Token && !rule.Anyone {
		want("a user's token", a, 403)
	}
	there := facetest.Call{Method: "POST", Path: row.path, Type: formType, Body: row.body, Header: map[string]string{"Authorization": basic(clientID, clientSecret), "Host": w.other}}
	want("this site's client on another site", w.Do(t, there), 402)
}

// entityForms sends forms that cannot be read, or not as what they should be.
func (w *badWalk) entityForms(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	owner := basic(clientID, clientSecret)
	want := func(what string, a facetest.Answer, codes ...int) {
		t.Helper()
		refused(t, "entity", what, a, entityStatuses(route.Pattern)...)
		if v, _ := a.At("code"); !slices.Contains(codes, int(integer(v))) {
			t.Errorf("%s: code %v, want %v: %s", what, v, codes, a.Body)
		}
	}
	call := func(form string) facetest.Answer {
		t.Helper()
		return w.entityCall(t, route.Method, row.path, form, owner)
	}
	for _, bad := range []string{"&x=%zz", "&x=%", "&%zz=1", "&x=%ff", "&%ff=1", "&x=%00", "&%00=x", "&x=%E2%82", "&type_name=%ff"} {
		want(bad, call(row.body+bad), 200)
	}
	want("a parameter twice", call(row.body+"&x=1&x=2"), 201)
	want("two types", call(row.body+"&type_name=organization"), 201)
	var many strings.Builder
	for n := range 200 {
		fmt.Fprintf(&many, "&p%d=1", n)
	}
	want("too many parameters", call(row.body+many.String()), 200)
	if route.Method == http.MethodPost {
		tooLarge := big
		if route.Pattern == "/entity.bulkCreate" {
			tooLarge = 16<<20 + 1
		}
		want("too large", call(row.body+"&x="+strings.Repeat("x", tooLarge)), 200)
		req := facetest.Call{Method: "POST", Path: row.path, Type: formType, Body: []byte("\xff\x00=\x00&" + row.body), Header: map[string]string{"Authorization": owner}}
		want("raw bytes", w.Do(t, req), 200)
		for name, contentType := range badTypes { // what is no form is passed over, and then arguments are missing
			if row.empty == http.StatusOK || name == "empty type" || name == "odd" || name == "a quote" {
				continue
			}
			c := facetest.Call{Method: "POST", Path: row.path, Type: contentType, Body: row.body, Header: map[string]string{"Authorization": owner}}
			want("as "+name, w.Do(t, c), 100)
		}
	}
	for field, values := range row.wrong {
		for _, v := range values {
			value := fmt.Sprint(v)
			if route.Method == http.MethodGet && len(value) > 8000 {
				continue // longer than a head
			}
			a := call(replaced(row.body, field, value))
			refused(t, "entity", fmt.Sprintf("%s = %.60s", field, value), a, entityStatuses(route.Pattern)...)
		}
	}
	switch route.Pattern {
	case "/entity", "/entity.update", "/entity.delete", "/entity.replace", "/entity.deleteAccess", "/entity.adopt", "/versions/entity", "/versions/entity.list":
		document := ""
		switch route.Pattern {
		case "/entity.update", "/entity.replace":
			document = "&attributes={}"
		case "/entity.adopt":
			document = "&attribute_name=photos&child_id=7"
		}
		for what, selector := range map[string]string{
			"an unknown id":      "id=99999999",
			"an unknown uuid":    "uuid=01930000-0000-7000-8000-000000000000",
			"an unknown e-mail":  `key_attribute=email&key_value="nobody@example.com"`,
			"another type":       "uuid=" + w.ids.organization,
			"an uuid as a key":   `key_attribute=uuid&key_value="01930000-0000-7000-8000-000000000000"`,
			"an id as a key":     `key_attribute=id&key_value=99999999`,
			"an empty key":       `key_attribute=email&key_value=""`,
			"an id out of range": "id=9223372036854775807",
		} {
			want(what, call("type_name=user&"+selector+document), 310, 201)
		}
		for what, c := range map[string]struct {
			form string
			code int
		}{
			"no selector":        {"type_name=user", 100},
			"no key value":       {"type_name=user&key_attribute=email", 100},
			"a key that is none": {`type_name=user&key_attribute=familyName&key_value="Lee"`, 200},
			"a key of no JSON":   {`type_name=user&key_attribute=email&key_value=xia@localhost.localdomain`, 200},
			"a key of NUL":       {`type_name=user&key_attribute=email&key_value="\u0000"`, 200},
			"two selectors":      {"type_name=user&id=1&uuid=" + w.ids.uuid, 201},
		} {
			want(what, call(c.form+document), c.code)
		}
	}
	if route.Pattern == "/entity.create" || route.Pattern == "/entity.update" || route.Pattern == "/entity.replace" {
		for path, document := range wrongDocuments(schema.DefaultUser().Defs()) {
			a := call(replaced(row.body, "attributes", document))
			want(path+" "+document, a, 200, 223, 234, 341, 342, 360, 362)
		}
	}
}

func integer(v any) int64 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return i
}

// wrongDocuments gives, for every attribute of a type and of what it holds,
// documents in which just that attribute has a value of another type.
func wrongDocuments(defs []schema.AttrDef) map[string]string {
	out := map[string]string{}
	var walk func(defs []schema.AttrDef, path string, wrap func(string) string)
	walk = func(defs []schema.AttrDef, path string, wrap func(string) string) {
		for _, d := range defs {
			at := path + "/" + d.Name
			in := func(value string) string { return wrap(`{` + quoted(d.Name) + `:` + value + `}`) }
			for n, value := range wrongValues(d.Type) {
				out[fmt.Sprintf("%s %d", at, n)] = in(value)
			}
			switch d.Type {
			case "object":
				walk(d.AttrDefs, at, in)
			case "plural":
				walk(d.AttrDefs, at, func(value string) string { return in(`[` + value + `]`) })
			}
		}
	}
	walk(defs, "", func(value string) string { return value })
	return out
}

// wrongValues are JSON values that an attribute of a type cannot have.
func wrongValues(kind string) []string {
	switch {
	case kind == "json":
		return nil
	case kind == "object":
		return []string{`"x"`, `7`, `true`, `[]`, `{"nothing":1}`}
	case kind == "plural":
		return []string{`"x"`, `7`, `true`, `{}`, `[7]`, `[null]`, `["x"]`, `[{"nothing":1}]`}
	case kind == "date" || kind == "dateTime":
		return []string{`true`, `[]`, `{}`, `"nonsense"`, `"2019-13-45"`}
	case kind == "boolean":
		return []string{`"maybe"`, `2`, `[]`, `{}`}
	case strings.HasPrefix(kind, "password"):
		return []string{`7`, `true`, `[]`, `{}`, `{"type":7}`}
	default:
		return []string{`true`, `[]`, `{}`, `["x"]`}
	}
}
