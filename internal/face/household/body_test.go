package household_test

import (
	"net/http"
	"strings"
	"testing"

	"facet/internal/facetest"
)

const jsonAPI = "application/vnd.api+json"

// send sends a body of a type to casey's household.
func (h home) send(method, path, contentType, body string) facetest.Answer {
	h.t.Helper()
	return h.Do(h.t, facetest.Call{Method: method, Path: path, Token: h.token, Type: contentType, Body: body})
}

func TestTheAnswerTakesTheFormOfTheBody(t *testing.T) {
	h := serve(t)
	const attributes = `"attributes":{"name":"%","age_limit":16}`
	const user = `"relationships":{"user":{"data":{"type":"User","id":"42"}}}`
	for i, c := range []struct{ contentType, accept, body, data, answered string }{
		{"application/json", "", `{"name":"%","age_limit":16}`, "data.0.", "application/json"},
		{"application/json; charset=utf-8", "*/*", `{"name":"%","type":"UserProfile","user_id":"42"}`, "data.0.", "application/json"},
		{"application/json", jsonAPI, `{"name":"%"}`, "data.", jsonAPI},
		{"application/json", "text/html, application/vnd.API+json;q=0.5", `{"name":"%"}`, "data.", jsonAPI},
		{"application/json", "", `{"data":[{"type":"UserProfile",` + attributes + `}]}`, "data.0.", "application/json"},
		{"application/json", "", `{"data":{` + attributes + `}}`, "data.", "application/json"},
		{"application/json", "", `{"data":{"type":"user_profiles",` + attributes + `,` + user + `},"meta":{}}`, "data.", "application/json"},
		{jsonAPI, "", `{"data":{"type":"UserProfile",` + attributes + `}}`, "data.", jsonAPI},
		{jsonAPI, "application/json", `{"data":{"type":"userProfiles",` + attributes + `},"jsonapi":{"version":"1.1"},"name":"ignored"}`, "data.", jsonAPI},
		{jsonAPI + `; profile="https://example.com/p"`, "", `{"data":{"type":"UserProfile","lid":"x",` + attributes + `}}`, "data.", jsonAPI},
	} {
		name := "Dad" + string(rune('A'+i))
		call := facetest.Call{Method: "POST", Path: profiles, Token: h.token, Type: c.contentType, Body: strings.ReplaceAll(c.body, "%", name)}
		if c.accept != "" {
			call.Header = map[string]string{"Accept": c.accept}
		}
		made := h.Do(t, call).Want(http.StatusCreated)
		made.Is(map[string]any{c.data + "attributes.name": name, c.data + "type": "UserProfile"})
		if got := made.Header.Get("Content-Type"); got != c.answered {
			t.Errorf("%s accepting %q: answered as %s", c.contentType, c.accept, got)
		}
		if got := strings.Join(made.Header.Values("Vary"), ", "); got != "Origin, Accept" {
			t.Errorf("Vary is %q", got)
		}
		id := made.Text(c.data + "id")
		call.Method, call.Path = "PATCH", profiles+"/"+id
		call.Body = strings.Replace(strings.ReplaceAll(c.body, "%", name+"2"), `"type":`, `"id":"`+strings.ToUpper(id)+`","type":`, 1)
		h.Do(t, call).Want(http.StatusOK).Is(map[string]any{c.data + "attributes.name": name + "2", c.data + "id": id})
		read := h.Do(t, facetest.Call{Method: "GET", Path: call.Path, Token: h.token, Header: call.Header}).Want(http.StatusOK)
		read.Is(map[string]any{"data.id": id})
		call.Method = "DELETE" // its body is not read
		h.Do(t, call).Want(http.StatusNoContent)
	}
}

func TestABodyThatIsNoProfileIsRefused(t *testing.T) {
	h := serve(t)
	for _, c := range []struct {
		what, contentType, body string
		status                  int
		code, source            string
	}{
		{"no JSON", "application/json", `{"name":`, 400, "syntax", ""},
		{"a name twice", "application/json", `{"name":"a","name":"b"}`, 400, "syntax", ""},
		{"an array", "application/json", `[]`, 400, "syntax", ""},
		{"too deep", "application/json", `{"name":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, 413, "too_large", ""},
		{"too large", "application/json", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large", ""},
		{"both forms", "application/json", `{"data":{},"name":"x"}`, 400, "ambiguous_body", "/data"},
		{"two profiles", "application/json", `{"data":[{},{}]}`, 400, "syntax", "/data"},
		{"no profile", "application/json", `{"data":[]}`, 400, "syntax", "/data"},
		{"no resource", "application/json", `{"data":7}`, 400, "syntax", "/data"},
		{"no resource in the array", "application/json", `{"data":[7]}`, 400, "syntax", "/data/0"},
		{"no resource in JSON:API", jsonAPI, `{"data":null}`, 400, "syntax", "/data"},
		{"an array in JSON:API", jsonAPI, `{"data":[{"type":"UserProfile"}]}`, 400, "syntax", "/data"},
		{"a plain body in JSON:API", jsonAPI, `{"name":"x"}`, 400, "syntax", ""},
		{"nothing in JSON:API", jsonAPI, ``, 400, "syntax", ""},
		{"no type in JSON:API", jsonAPI, `{"data":{"attributes":{"name":"x"}}}`, 400, "syntax", "/data"},
		{"another type", jsonAPI, `{"data":{"type":"Device"}}`, 409, "type_mismatch", "/data/type"},
		{"a type that is no text", "application/json", `{"type":7,"name":"x"}`, 409, "type_mismatch", "/type"},
		{"an id", jsonAPI, `{"data":{"type":"UserProfile","id":"84eb61a9-75d4-42c7-8c15-84c3d7776227"}}`, 403, "id_in_new_record", "/data/id"},
		{"a plain id", "application/json", `{"id":"84eb61a9-75d4-42c7-8c15-84c3d7776227","name":"x"}`, 403, "id_in_new_record", "/id"},
		{"attributes that are none", jsonAPI, `{"data":{"type":"UserProfile","attributes":[]}}`, 422, "wrong_type", "/data/attributes"},
		{"relationships that are none", jsonAPI, `{"data":{"type":"UserProfile","attributes":{"name":"x"},"relationships":7}}`, 422, "wrong_type", "/data/relationships"},
		{"a relationship that is none", jsonAPI, `{"data":{"type":"UserProfile","attributes":{"name":"x"},"relationships":{"user":{"data":[]}}}}`, 422, "wrong_type", "/data/relationships/user"},
		{"an unknown relationship", jsonAPI, `{"data":{"type":"UserProfile","attributes":{"name":"x"},"relationships":{"o/w~":{}}}}`, 422, "unknown_attribute", "/data/relationships/o~1w~0"},
		{"another's relationship", jsonAPI, `{"data":{"type":"UserProfile","attributes":{"name":"x"},"relationships":{"user":{"data":{"type":"User","id":"43"}}}}}`, 409, "profile_of_another_account", "/data/relationships/user"},
		{"no name", "application/json", `{}`, 422, "required", "/name"},
		{"no body", "application/json", ``, 422, "required", "/name"},
		{"no name in JSON:API", jsonAPI, `{"data":{"type":"UserProfile","attributes":{"age_limit":7}}}`, 422, "required", "/data/attributes"},
		{"no attributes", jsonAPI, `{"data":{"type":"UserProfile"}}`, 422, "required", "/data"},
		{"text", "text/plain", `{"name":"x"}`, 415, "unsupported_media_type", "Content-Type"},
		{"a form", "application/x-www-form-urlencoded", `name=x`, 415, "unsupported_media_type", "Content-Type"},
		{"Latin-1", "application/json; charset=iso-8859-1", `{"name":"x"}`, 415, "unsupported_media_type", "Content-Type"},
		{"a type that is none", ";;", `{"name":"x"}`, 415, "unsupported_media_type", "Content-Type"},
		{"JSON:API with a charset", jsonAPI + "; charset=utf-8", `{"data":{"type":"UserProfile"}}`, 415, "unsupported_media_type", "Content-Type"},
		{"an extension", jsonAPI + `; ext="https://jsonapi.org/ext/atomic"`, `{"data":{"type":"UserProfile"}}`, 415, "unsupported_media_type", "Content-Type"},
	} {
		t.Run(c.what, func(t *testing.T) {
			a := h.send("POST", profiles, c.contentType, c.body)
			wantError(t, a, c.status, c.code, c.source)
			want := "application/json"
			if strings.HasPrefix(c.contentType, jsonAPI) {
				want = jsonAPI
			}
			if got := a.Header.Get("Content-Type"); got != want {
				t.Errorf("answered as %s", got)
			}
		})
	}
	if got := h.names(); got != "Casey*, Robin" {
		t.Errorf("the household is %s", got)
	}
}

func TestAValueThatBreaksARuleIsRefusedAndNamed(t *testing.T) {
	h := serve(t)
	robin := profiles + "/" + h.Get(t, h.token, profiles).Text("data.1.id")
	for _, c := range []struct {
		body         string
		status       int
		code, member string
	}{
		{`"nmae":"x"`, 422, "unknown_attribute", "nmae"},
		{`"is_child_Profile":true`, 422, "unknown_attribute", "is_child_Profile"},
		{`"a/b~":1`, 422, "unknown_attribute", "a~1b~0"},
		{`"name":null`, 422, "required", "name"},
		{`"name":7`, 422, "wrong_type", "name"},
		{`"name":""`, 422, "blank", "name"},
		{`"name":" \t "`, 422, "blank", "name"},
		{`"name":"\u200b"`, 422, "blank", "name"},
		{`"name":"a\tb"`, 422, "constraint", "name"},
		{`"name":"` + strings.Repeat("n", 65) + `"`, 422, "length", "name"},
		{`"name":"CASEY"`, 409, "profile_name_taken", "name"},
		{`"name":" casey "`, 409, "profile_name_taken", "name"},
		{`"age_limit":-1`, 422, "constraint", "age_limit"},
		{`"age_limit":22`, 422, "constraint", "age_limit"},
		{`"age_limit":1.5`, 422, "wrong_type", "age_limit"},
		{`"age_limit":16.0`, 422, "wrong_type", "age_limit"},
		{`"age_limit":"16"`, 422, "wrong_type", "age_limit"},
		{`"age_limit":99999999999999999999`, 422, "wrong_type", "age_limit"},
		{`"is_child_profile":null`, 422, "required", "is_child_profile"},
		{`"is_child_profile":"true"`, 422, "wrong_type", "is_child_profile"},
		{`"is_child_profile":true,"age_limit":18`, 422, "constraint", "age_limit"},
		{`"is_child_profile":true,"is_default":true`, 409, "default_cannot_be_child", "is_default"},
		{`"is_default":1`, 422, "wrong_type", "is_default"},
		{`"user_id":41`, 409, "profile_of_another_account", "user_id"},
		{`"user_id":"41"`, 409, "profile_of_another_account", "user_id"},
		{`"user_id":1.5`, 422, "wrong_type", "user_id"},
		{`"user_id":null`, 422, "wrong_type", "user_id"},
		{`"password":7`, 422, "wrong_type", "password"},
	} {
		wantError(t, h.Patch(t, h.token, robin, `{`+c.body+`}`), c.status, c.code, "/"+c.member)
		wantError(t, h.Patch(t, h.token, robin, `{"data":[{"attributes":{`+c.body+`}}]}`), c.status, c.code, "/data/0/attributes/"+c.member)
		id := robin[len(profiles)+1:]
		wantError(t, h.send("PATCH", robin, jsonAPI, `{"data":{"type":"UserProfile","id":"`+id+`","attributes":{`+c.body+`}}}`), c.status, c.code, "/data/attributes/"+c.member)
	}
	wantError(t, h.Post(t, h.token, profiles, `{"name":"x","password":"yoyo"}`), 422, "unknown_attribute", "/password")
	wantError(t, h.Patch(t, h.token, robin, `{"id":"84eb61a9-75d4-42c7-8c15-84c3d7776227"}`), 409, "id_mismatch", "/id")
	wantError(t, h.send("PATCH", robin, jsonAPI, `{"data":{"type":"UserProfile"}}`), 400, "syntax", "/data")

	many := h.Patch(t, h.token, robin, `{"name":7,"age_limit":"x","colour":"red","is_default":false}`)
	many.Want(422).Is(map[string]any{
		"errors.0.source.pointer": "/age_limit", "errors.1.source.pointer": "/colour", "errors.2.source.pointer": "/name",
		"errors.2.status": "422", "errors.2.title": "Unprocessable Entity",
	})
	if got := h.names(); got != "Casey*, Robin" {
		t.Errorf("the household is %s", got)
	}
}

func TestUnknownQueryParametersAreRefused(t *testing.T) {
	h := serve(t)
	for query, parameter := range map[string]string{
		"include=user": "include", "foo=1": "foo", "fields%5BUser%5D=name": "fields[User]", "fields=name": "fields", "page%5Bcursor%5D=2": "page[cursor]",
		"filter[name]=Dad": "filter[name]", "fooBar=1": "fooBar", "z=1&a=2": "a", "%ff=1": "\uFFFD", "fields[UserProfile=name": "fields[UserProfile",
	} {
		wantError(t, h.Get(t, h.token, profiles+"?"+query), 400, "unknown_parameter", parameter)
	}
	wantError(t, h.Get(t, h.token, profiles+"?a=%zz"), 400, "syntax", "")
	wantError(t, h.Get(t, h.token, profiles+"?sort=name&sort=name"), 400, "duplicate", "sort")
	wantError(t, h.Post(t, h.token, profiles+"?name=x", `{"name":"x"}`), 400, "unknown_parameter", "name")
	wantError(t, h.Post(t, h.token, profiles+"?sort=name", `{"name":"x"}`), 400, "unknown_parameter", "sort")
	wantError(t, h.Post(t, "", "/api/users/v1/login?username=casey&password=yoyo", nil), 400, "unknown_parameter", "password")
	h.Get(t, h.token, profiles+"?").Want(http.StatusOK)
}
