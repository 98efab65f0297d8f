package entity_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"facet/internal/access"
	"facet/internal/facetest"
)

// TestSettings are the cases E-41 and E-42, and what lies between them.
func TestSettings(t *testing.T) {
	s := startOwn(t)
	c := s.client(t, access.DirectReadAccess)
	for _, step := range []struct {
		op   string
		args []string
		want string // the result
	}{
		{"set", []string{"key", "owner", "value", "Robert"}, `false`},
		{"get", []string{"key", "owner"}, `"Robert"`},
		{"set", []string{"key", "owner", "value", "Bob"}, `true`},
		{"set", []string{"key", "owner", "value", "Bob"}, `true`},
		{"delete", []string{"key", "owner"}, `true`},
		{"get", []string{"key", "owner"}, `null`},
		{"delete", []string{"key", "owner"}, `false`},
		{"delete_default", []string{"key", "foo"}, `false`},
		{"set_multi", []string{"items", `{"owner":"Jay","public":true,"level":10}`}, `{"level":false,"owner":false,"public":false}`},
		{"set_multi", []string{"items", `{"owner":"Jo","more":{"a": [1.10]}}`}, `{"more":false,"owner":true}`},
		{"items", nil, `{"level":"10","more":"{\"a\":[1.10]}","owner":"Jo","public":"true"}`},
		{"set_default", []string{"key", "owner", "value", "Site"}, `false`},
		{"set_default_multi", []string{"items", `{"owner":"Site","lang":"en"}`}, `{"lang":false,"owner":true}`},
		{"get_default", []string{"key", "owner"}, `"Site"`},
		{"get_default", []string{"key", "level"}, `null`},
		{"get", []string{"key", "lang"}, `"en"`},
		{"get", []string{"key", "owner"}, `"Jo"`},
		{"get_multi", []string{"keys", `["lang","owner","nothing","owner"]`}, `{"lang":"en","nothing":null,"owner":"Jo"}`},
		{"keys", nil, `["lang","level","more","owner","public"]`},
		{"client_keys", nil, `["level","more","owner","public"]`},
		{"default_keys", nil, `["lang","owner"]`},
		{"default_items", nil, `{"lang":"en","owner":"Site"}`},
		{"get_all", []string{"for_client_id", c.ID}, `{"lang":"en","owner":"Site"}`},
		{"client_items", []string{"for_client_id", c.ID}, `{}`},
		{"set", []string{"for_client_id", c.ID, "key", "owner", "value", ""}, `false`},
		{"get", []string{"for_client_id", c.ID, "key", "owner"}, `""`},
		{"items", []string{"for_client_id", c.ID}, `{"lang":"en","owner":""}`},
		{"delete", []string{"for_client_id", c.ID, "key", "lang"}, `false`},
		{"delete_default", []string{"key", "lang"}, `true`},
		{"client_items", []string{"for_client_id", c.ID}, `{"owner":""}`},
		{"get", []string{"key", "owner"}, `"Jo"`},
	} {
		got := s.ok(t, "settings/"+step.op, step.args...)
		if want := `{"result":` + step.want + `,"stat":"ok"}`; string(got.Body) != want {
			t.Errorf("%s %v: %s, want %s", step.op, step.args, got.Body, want)
		}
	}
	a := s.Do(t, facetest.Call{Method: "GET", Path: "/settings/get?key=owner&client_id=" + c.ID + "&client_secret=" + c.Secret, Header: map[string]string{"Host": ownHost}})
	if string(a.Body) != `{"result":"","stat":"ok"}` {
		t.Errorf("a client reads its own: %s", a.Body)
	}
	if got := wantOK(t, s.by(t, c, "settings/items", "for_client_id", c.ID)).Text("result.owner"); got != "" {
		t.Errorf("a client reads its own by name: %s", got)
	}
	wantError(t, s.by(t, c, "settings/items", "for_client_id", s.owner.ID), 403, "client_permission_error")
	wantError(t, s.by(t, c, "settings/items", "for_client_id", "nobody"), 403, "client_permission_error")
	for _, op := range []string{"set", "set_default", "set_multi", "set_default_multi", "delete", "delete_default"} {
		wantError(t, s.by(t, c, "settings/"+op, "key", "a", "value", "b", "items", "{}"), 403, "client_permission_error")
	}
	for _, f := range features {
		wantOK(t, s.by(t, s.client(t, f), "settings/items"))
	}
}

func TestSettingsRefuseWhatIsWrong(t *testing.T) {
	s := startOwn(t)
	big := make(map[string]string)
	for i := range 1001 {
		big[fmt.Sprint(i)] = "x"
	}
	tooMany, _ := json.Marshal(big)
	for _, c := range []struct {
		op       string
		args     []string
		code     int
		argument string
	}{
		{"get", nil, 100, "key"},
		{"get", []string{"key", "a", "for_client_id", "nobody"}, 200, "for_client_id"},
		{"get_multi", nil, 100, "keys"},
		{"get_multi", []string{"keys", "a"}, 200, "keys"},
		{"set", []string{"key", "a"}, 100, "value"},
		{"set", []string{"value", "a"}, 100, "key"},
		{"set", []string{"key", "a\nb", "value", "a"}, 200, "key"},
		{"set", []string{"key", strings.Repeat("k", 256), "value", "a"}, 200, "key"},
		{"set", []string{"key", "a", "value", strings.Repeat("v", 64<<10+1)}, 200, "value"},
		{"set", []string{"key", "a", "value", "b", "for_client_id", "nobody"}, 200, "for_client_id"},
		{"set_multi", nil, 100, "items"},
		{"set_multi", []string{"items", "[]"}, 200, "items"},
		{"set_multi", []string{"items", "null"}, 200, "items"},
		{"set_multi", []string{"items", `{"a":null}`}, 200, "items"},
		{"set_multi", []string{"items", `{"a":1,"a":2}`}, 200, "items"},
		{"set_multi", []string{"items", `{"":1}`}, 200, "items"},
		{"set_multi", []string{"items", string(tooMany)}, 200, "items"},
		{"set_default_multi", []string{"items", "{"}, 200, "items"},
		{"delete", nil, 100, "key"},
	} {
		t.Run(c.op+" "+c.argument, func(t *testing.T) {
			name := "invalid_argument"
			if c.code == 100 {
				name = "missing_argument"
			}
			wantError(t, s.call(t, "settings/"+c.op, c.args...), c.code, name, "argument_name", c.argument)
		})
	}
	if got := s.ok(t, "settings/items"); string(got.Body) != `{"result":{},"stat":"ok"}` {
		t.Errorf("something was written: %s", got.Body)
	}
	value := strings.Repeat("v", 60<<10)
	for i := range 8 {
		s.ok(t, "settings/set", "key", fmt.Sprint(i), "value", value)
	}
	wantError(t, s.call(t, "settings/set", "key", "9", "value", value), 200, "invalid_argument", "argument_name", "value")
}

func TestSettingsSetAtOnceAreAllKept(t *testing.T) {
	s := startOwn(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			s.call(t, "settings/set_default", "key", fmt.Sprint("k", i), "value", "v").Want(http.StatusOK).Is(map[string]any{"result": false})
		})
	}
	wg.Wait()
	var got struct{ Result map[string]string }
	if err := json.Unmarshal(s.ok(t, "settings/default_items").Body, &got); err != nil || len(got.Result) != 20 {
		t.Errorf("%v %v", got, err)
	}
}

func TestSettingsAreEachSitesOwn(t *testing.T) {
	s := startOwn(t)
	s.ok(t, "settings/set_default", "key", "k", "value", "v")
	a := s.Do(t, facetest.Call{Method: "POST", Path: "/settings/default_items", Header: map[string]string{"Authorization": printedAuth}})
	if string(a.Body) != `{"result":{},"stat":"ok"}` {
		t.Errorf("%s", a.Body)
	}
}
