package entity_test

import (
	"net/http"
	"strings"
	"testing"

	"facet/internal/face"
	"facet/internal/facetest"
)

// TestWaysToSendArguments are those that clients of the API are known to use.
func TestWaysToSendArguments(t *testing.T) {
	s := start(t)
	const args = "type_name=user&id=42"
	for _, c := range []struct {
		name string
		call facetest.Call
		code string
	}{
		{"form", facetest.Call{Method: "POST", Path: "/entity", Body: args, Type: formType}, ""},
		{"form with charset", facetest.Call{Method: "POST", Path: "/entity", Body: args, Type: formType + "; charset=UTF-8"}, ""},
		{"leading ampersand", facetest.Call{Method: "POST", Path: "/entity", Body: "&" + args + "&", Type: formType}, ""},
		{"query of a GET", facetest.Call{Method: "GET", Path: "/entity?" + args}, ""},
		{"query of a POST", facetest.Call{Method: "POST", Path: "/entity?" + args}, ""},
		{"query and empty form", facetest.Call{Method: "POST", Path: "/entity?" + args, Body: "", Type: formType}, ""},
		{"body of a GET", facetest.Call{Method: "GET", Path: "/entity", Body: args, Type: formType}, ""},
		{"query and body", facetest.Call{Method: "POST", Path: "/entity?type_name=user", Body: "id=42", Type: formType}, ""},
		{"the body wins", facetest.Call{Method: "POST", Path: "/entity?type_name=robot&id=1", Body: args, Type: formType}, ""},
		{"JSON beside a query is ignored", facetest.Call{Method: "POST", Path: "/entity?" + args, Body: `{"id":1}`, Type: "application/json"}, ""},
		{"unknown arguments are ignored", facetest.Call{Method: "POST", Path: "/entity", Body: args + "&application_id=x&flag", Type: formType}, ""},
		{"the same twice", facetest.Call{Method: "POST", Path: "/entity", Body: args + "&id=42", Type: formType}, ""},
		{"trailing slash", facetest.Call{Method: "POST", Path: "/entity/", Body: args, Type: formType}, ""},
		{"twice with different values", facetest.Call{Method: "POST", Path: "/entity", Body: args + "&id=43", Type: formType}, "201"},
		{"bad escape", facetest.Call{Method: "POST", Path: "/entity", Body: args + "&filter=100%", Type: formType}, "200"},
		{"bad escape in a name", facetest.Call{Method: "POST", Path: "/entity", Body: args + "&%zz=1", Type: formType}, "200"},
		{"bad escape in the query", facetest.Call{Method: "GET", Path: "/entity?" + args + "&x=%4"}, "200"},
		{"bad UTF-8", facetest.Call{Method: "POST", Path: "/entity", Body: args + "&x=%ff", Type: formType}, "200"},
		{"bad UTF-8 in a name", facetest.Call{Method: "POST", Path: "/entity", Body: args + "&%ff=x", Type: formType}, "200"},
		{"NUL", facetest.Call{Method: "POST", Path: "/entity", Body: args + "&x=%00", Type: formType}, "200"},
		{"too many", facetest.Call{Method: "POST", Path: "/entity", Body: args + manyParams(), Type: formType}, "200"},
		{"too large", facetest.Call{Method: "POST", Path: "/entity", Body: args + "&x=" + strings.Repeat("x", face.MaxBody), Type: formType}, "200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.call.Header = map[string]string{"Authorization": printedAuth}
			a := s.Do(t, c.call).Want(http.StatusOK)
			if c.code == "" {
				a.Is(map[string]any{"stat": "ok", "result.id": 42, "result.displayName": "Casey Jones"})
			} else if code, _ := a.At("code"); code == nil || code.(interface{ String() string }).String() != c.code {
				t.Errorf("%s", a.Body)
			}
		})
	}
}

func manyParams() string {
	var b strings.Builder
	for i := range 120 {
		b.WriteString("&p" + strings.Repeat("x", i) + "=")
	}
	return b.String()
}

func TestABodyWithoutTypeIsAForm(t *testing.T) {
	s := start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/entity.update", strings.NewReader("&type_name=user&id=42&attributes=%7B%22gender%22:%22female%22%7D&include_record=true"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", printedAuth)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s.ok(t, "entity", "type_name", "user", "id", "42").Is(map[string]any{"result.gender": "female"})
}

func TestADeleteTakesItsArgumentsFromTheBody(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann"}`)
	a := s.Do(t, facetest.Call{Method: "POST", Path: "/entity.delete?type_name=user&uuid=" + uuid, Header: map[string]string{"Authorization": printedAuth}})
	wantError(t, a, 100, "missing_argument", "argument_name", "type_name")
	a = s.Do(t, facetest.Call{Method: "POST", Path: "/entity.delete?uuid=" + uuid, Body: "type_name=user", Type: formType, Header: map[string]string{"Authorization": printedAuth}})
	wantError(t, a, 100, "missing_argument", "argument_name", "uuid")
	s.user(t, uuid)
	a = s.ok(t, "entity.delete", "type_name", "user", "uuid", uuid)
	if string(a.Body) != `{"stat":"ok"}` {
		t.Errorf("%s", a.Body)
	}
	wantError(t, s.call(t, "entity", "type_name", "user", "uuid", uuid), 310, "record_not_found")
	wantError(t, s.call(t, "entity.delete", "type_name", "user", "uuid", uuid), 310, "record_not_found")
}

func TestSelectors(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann","email":"Ann@Example.com","profiles":[{"domain":"d","identifier":"http://id.example/ann"}]}`)
	id, _ := s.user(t, uuid).At("result.id")
	number := id.(interface{ String() string }).String()
	for _, args := range [][]string{
		{"uuid", uuid},
		{"uuid", strings.ToUpper(uuid)},
		{"id", number},
		{"key_attribute", "uuid", "key_value", `"` + uuid + `"`},
		{"key_attribute", "id", "key_value", number},
		{"key_attribute", "id", "key_value", `"` + number + `"`},
		{"key_attribute", "email", "key_value", `"ann@example.com"`},
		{"key_attribute", "/email", "key_value", ` "ANN@EXAMPLE\u002ecom" `},
		{"key_attribute", "profiles.identifier", "key_value", `"http://id.example/ANN"`},
	} {
		a := s.ok(t, "entity", append([]string{"type_name", "user"}, args...)...)
		a.Is(map[string]any{"result.uuid": uuid, "result.email": "Ann@Example.com"})
	}
}

func TestPartsOfARecord(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"primaryAddress":{"city":"Bonn"},"photos":[{"type":"big","value":"v"}]}`)
	a := s.ok(t, "entity", "type_name", "user", "uuid", uuid, "attribute_name", "/photos")
	element, _ := a.At("result.0.id")
	photo := "/photos#" + element.(interface{ String() string }).String()
	for _, c := range []struct{ argument, value, want string }{
		{"attribute_name", "primaryAddress.city", `"Bonn"`},
		{"attribute_name", "/primaryAddress/city", `"Bonn"`},
		{"attribute_name", "/primaryAddress.zip", `null`},
		{"attribute_name", photo + "/value", `"v"`},
		{"attribute_name", "/statuses", `[]`},
		{"attributes", `["primaryAddress.city","uuid","/birthday"]`, `{"birthday":null,"primaryAddress":{"city":"Bonn"},"uuid":"` + uuid + `"}`},
		{"attributes", `["photos.value"]`, `{"photos":[{"value":"v"}]}`},
		{"attributes", `[]`, `{}`},
	} {
		got := s.ok(t, "entity", "type_name", "user", "uuid", uuid, c.argument, c.value)
		if want := `{"result":` + c.want + `,"stat":"ok"}`; string(got.Body) != want {
			t.Errorf("%s=%s: got %s, want %s", c.argument, c.value, got.Body, want)
		}
	}
}
