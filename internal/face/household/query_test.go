package household_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// namesIn lists the names in an answer in order.
func namesIn(a facetest.Answer) string {
	list, _ := a.At("data")
	var out []string
	for i := range list.([]any) {
		out = append(out, a.Text(fmt.Sprintf("data.%d.attributes.name", i)))
	}
	return strings.Join(out, ", ")
}

// family makes casey's household larger.
func (h home) family() {
	h.t.Helper()
	h.make(`{"name":"alice","age_limit":21}`)
	h.Clock.Advance(1e9)
	h.make(`{"name":"Bo","is_child_profile":true,"age_limit":7}`)
	h.Clock.Advance(1e9)
	h.make(`{"name":"Kim","is_child_profile":true,"age_limit":16}`)
}

func TestListsAreSortedAndFiltered(t *testing.T) {
	h := serve(t)
	h.family()
	for query, want := range map[string]string{
		"":                              "Casey, Robin, alice, Bo, Kim",
		"sort=name":                     "alice, Bo, Casey, Kim, Robin",
		"sort=-name":                    "Robin, Kim, Casey, Bo, alice",
		"sort=age_limit,-name":          "Bo, Robin, Kim, alice, Casey",
		"sort=-created_at,name":         "Kim, Bo, alice, Casey, Robin",
		"sort=updated_at":               "Casey, Robin, alice, Bo, Kim",
		"filter[is_child_profile]=true": "Bo, Kim",
		"filter%5Bis_child_profile%5D=false&sort=name":          "alice, Casey, Robin",
		"filter[is_child_profile]=true&sort=-name&page[size]=1": "Kim",
	} {
		a := h.Get(t, h.token, profiles+"?"+query).Want(http.StatusOK)
		if got := namesIn(a); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		a.Is(map[string]any{"meta": map[string]any{"limit": 10, "count": 5}})
	}
	for query, parameter := range map[string]string{
		"sort=": "sort", "sort=nothing": "sort", "sort=name,": "sort", "sort=--name": "sort", "sort=id": "sort", "sort=user.name": "sort",
		"filter[is_child_profile]=1": "filter[is_child_profile]", "filter[is_child_profile]=": "filter[is_child_profile]",
	} {
		wantError(t, h.Get(t, h.token, profiles+"?"+query), 400, "invalid", parameter)
	}
}

func TestListsArePaged(t *testing.T) {
	h := serve(t)
	h.family()
	first := h.Get(t, h.token, profiles+"?page[size]=2&sort=name").Want(http.StatusOK)
	wantKeys(t, first, "links", "first", "last", "next")
	seen := []string{namesIn(first)}
	for at := first; ; {
		next, ok := at.At("links.next")
		if !ok {
			wantKeys(t, at, "links", "first", "last", "prev")
			break
		}
		at = h.Get(t, h.token, strings.TrimPrefix(next.(string), facetest.BaseURL)).Want(http.StatusOK)
		seen = append(seen, namesIn(at))
	}
	if want := []string{"alice, Bo", "Casey, Kim", "Robin"}; !slices.Equal(seen, want) {
		t.Errorf("pages %v, want %v", seen, want)
	}
	last := h.Get(t, h.token, strings.TrimPrefix(first.Text("links.last"), facetest.BaseURL)).Want(http.StatusOK)
	if got := namesIn(last); got != "Robin" {
		t.Errorf("the last page has %s", got)
	}
	beyond := h.Get(t, h.token, profiles+"?page[number]=1000000000&page[size]=100").Want(http.StatusOK)
	beyond.Is(map[string]any{"data": []any{}, "links.prev": beyond.Text("links.last")})
	wantKeys(t, h.Get(t, h.token, profiles), "", "data", "meta") // no page was asked for
	for _, query := range []string{"page[size]=0", "page[size]=101", "page[size]=-1", "page[size]=x", "page[size]=", "page[size]=01", "page[number]=0", "page[number]=1.5", "page[number]=99999999999999999999"} {
		wantError(t, h.Get(t, h.token, profiles+"?"+query), 400, "invalid", strings.Split(query, "=")[0])
	}
}

func TestOnlyTheFieldsAskedForAreShown(t *testing.T) {
	h := serve(t)
	one := profiles + "/" + h.make(`{"name":"Dad","autoplay":true}`)
	for query, want := range map[string][]string{
		"fields[UserProfile]=name":                       {"name"},
		"fields%5BUserProfile%5D=is_default%2Cname":      {"name", "is_default"},
		"fields[user_profiles]=name,user":                {"name"},
		"fields[UserProfile]=":                           {},
		"fields[UserProfile]=autoplay,avatar_id,has_pin": {"autoplay"},
	} {
		a := h.Get(t, h.token, one+"?"+query).Want(http.StatusOK)
		wantKeys(t, a, "data.attributes", want...)
		if _, there := a.At("data.relationships"); there != strings.Contains(query, ",user") {
			t.Errorf("%s: the relationships are there: %t", query, there)
		}
		wantKeys(t, h.Get(t, h.token, profiles+"?"+query).Want(http.StatusOK), "data.2.attributes", want...)
		wantKeys(t, h.Patch(t, h.token, one+"?"+query, `{"age_limit":7}`).Want(http.StatusOK), "data.0.attributes", want...)
	}
	made := h.Post(t, h.token, profiles+"?fields[UserProfile]=name", `{"name":"Mum"}`).Want(http.StatusCreated)
	wantKeys(t, made, "data.0.attributes", "name")
	wantError(t, h.Get(t, h.token, one+"?fields[UserProfile]=name,colour"), 400, "invalid", "fields[UserProfile]")
	wantError(t, h.Delete(t, h.token, one+"?fields[UserProfile]=name"), 400, "unknown_parameter", "fields[UserProfile]")
}

func TestOnlyWhatCanBeSentIsAccepted(t *testing.T) {
	h := serve(t)
	for accept, c := range map[string]struct {
		status int
		sent   string
	}{
		"":                                    {200, "application/json"},
		"*/*":                                 {200, "application/json"},
		"text/html":                           {200, "application/json"}, // there is one thing to send
		jsonAPI:                               {200, jsonAPI},
		"application/VND.api+json;q=0.1, */*": {200, jsonAPI},
		jsonAPI + `; profile="https://example.com/a https://example.com/b"`: {200, jsonAPI},
		jsonAPI + "; foo=1":                                            {406, jsonAPI},
		jsonAPI + "; charset=utf-8, */*":                               {406, jsonAPI},
		jsonAPI + "; foo=1, " + jsonAPI:                                {200, jsonAPI},
		jsonAPI + "; foo=1, " + jsonAPI + "; profile=x;q=0.5":          {200, jsonAPI},
		jsonAPI + `; ext="https://jsonapi.org/ext/atomic"`:             {406, jsonAPI},
		jsonAPI + `; ext="https://jsonapi.org/ext/atomic", ` + jsonAPI: {200, jsonAPI},
		jsonAPI + "; foo=1, " + jsonAPI + ";q=0":                       {406, jsonAPI},
		jsonAPI + ";q=0, application/json":                             {200, "application/json"},
	} {
		for _, call := range []facetest.Call{{Method: "GET", Path: profiles}, {Method: "POST", Path: loginPath, Body: `{"username":"casey","password":"yoyo"}`}} {
			call.Token = h.token
			if accept != "" {
				call.Header = map[string]string{"Accept": accept}
			}
			a := h.Do(t, call)
			if got := a.Header.Get("Content-Type"); a.Status != c.status || got != c.sent {
				t.Errorf("%s accepting %q: %d %s, want %d %s", call.Path, accept, a.Status, got, c.status, c.sent)
			}
			if c.status == 406 {
				wantError(t, a, 406, "not_acceptable", "Accept")
			}
			if call.Method == "POST" {
				break
			}
		}
	}
}

func TestARequestUnderAnIdempotencyKeyMakesOneProfile(t *testing.T) {
	h := serve(t)
	post := func(key, body string) facetest.Answer {
		t.Helper()
		return h.Do(t, facetest.Call{Method: "POST", Path: profiles, Token: h.token, Body: body, Header: map[string]string{"Idempotency-Key": key}})
	}
	first := post("k1", `{"name":"Dad","age_limit":16}`).Want(http.StatusCreated)
	again := post("k1", `{"age_limit":16,"name":"Dad"}`).Want(http.StatusCreated)
	if again.Text("data.0.id") != first.Text("data.0.id") || again.Header.Get("Location") != first.Header.Get("Location") {
		t.Error("the second made another")
	}
	wantError(t, post("k1", `{"name":"Mum"}`), 422, "repeat", "")
	wantError(t, post("k2", `{"name":"Dad"}`), 409, "profile_name_taken", "/name")
	for _, key := range []string{"", strings.Repeat("k", 256), "k\u00e9"} {
		wantError(t, post(key, `{"name":"Mum"}`), 400, "syntax", "Idempotency-Key")
	}
	h.Delete(t, h.token, profiles+"/"+first.Text("data.0.id")).Want(http.StatusNoContent)
	if post("k1", `{"name":"Dad","age_limit":16}`).Want(http.StatusCreated).Text("data.0.id") == first.Text("data.0.id") {
		t.Error("a deleted profile is answered")
	}
}
