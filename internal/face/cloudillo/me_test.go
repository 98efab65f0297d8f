package cloudillo_test

import (
	"fmt"
	"strings"
	"testing"

	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store"
)

func TestMeFullShowsSectionsToWhomTheyAreFor(t *testing.T) {
	s := start(t)
	alice, xia, casey, donny := login(t, s, under("alice")), login(t, s, under("xia")), login(t, s, under("casey")), login(t, s, under("donny"))
	x := map[string]string{"plain": "all", "sections": " about, contact,,nowhere ,secret, odd"}
	for section, visibility := range map[string]string{
		"about": "world", "public": "public", "links": "verified", "contact": "follower", "work": "connected", "skills": "supporter",
		"education": "contributor", "rules": "moderator", "secret": "leader", "odd": "everybody", "none": "",
	} {
		x[section], x[section+".vis"] = "of "+section, visibility
	}
	s.Patch(t, alice, "/api/me", map[string]any{"x": x}).Want(200)
	seen := func(token string) (fields []string, sections any) {
		t.Helper()
		a := on(t, s, aliceHost, token, "GET", "/api/me/full", nil).Want(200).Is(map[string]any{"data.idTag": under("alice"), "data.keys": []string{}})
		got, _ := a.At("data.x")
		for _, section := range []string{"plain", "about", "public", "links", "contact", "work", "skills", "education", "rules", "secret", "odd", "none"} {
			v, there := got.(map[string]any)[section]
			_, vis := got.(map[string]any)[section+".vis"]
			if there && v != x[section] || section != "plain" && there != vis {
				t.Errorf("%s is %v, with its visibility: %t", section, v, vis)
			}
			if there {
				fields = append(fields, section)
			}
		}
		return fields, got.(map[string]any)["sections"]
	}
	want := func(who, token, fields string, sections any) {
		t.Helper()
		got, list := seen(token)
		if strings.Join(got, " ") != fields || list != sections {
			t.Errorf("%s sees %v, sections %v", who, got, list)
		}
	}
	want("anybody", "", "plain about public", "about,nowhere")
	want("somebody", xia, "plain about public links", "about,nowhere")
	s.Patch(t, xia, "/api/profiles/"+under("alice"), `{"relationship":"follow"}`).Want(200)
	want("a follower", xia, "plain about public links contact", "about,contact,nowhere")
	s.Patch(t, casey, "/api/profiles/"+under("alice"), `{"relationship":"connect"}`).Want(200)
	s.Patch(t, casey, "/api/profiles/"+under("alice"), `{"relationship":"unfollow"}`).Want(200)
	want("who asked", casey, "plain about public links", "about,nowhere")
	s.Patch(t, alice, "/api/profiles/"+under("casey"), `{"relationship":"accept"}`).Want(200)
	want("a connection", casey, "plain about public links contact work", "about,contact,nowhere")
	want("an operator", donny, "plain about public links", "about,nowhere")
	want("the owner", alice, "plain about public links contact work skills education rules secret odd none", x["sections"])
	s.Patch(t, alice, "/api/profiles/"+under("xia"), `{"relationship":"block"}`).Want(200)
	want("who is blocked", xia, "plain about public", "about,nowhere")
	s.Patch(t, alice, "/api/me", map[string]any{"x": map[string]any{"sections": "secret,odd", "sections.vis": "public"}}).Want(200)
	if _, list := seen(""); list != nil {
		t.Errorf("a list of nothing: %v", list)
	}
	s.Get(t, alice, "/api/me/full").Want(200).Is(map[string]any{"data.x.sections": "secret,odd"})
	s.Patch(t, alice, "/api/me", `{"x":null}`).Want(200)
	if _, there := on(t, s, aliceHost, "", "GET", "/api/me/full", nil).Want(200).At("data.x"); there {
		t.Error("there is an x with nothing in it")
	}
}

func TestMeFullOfACommunityKnowsItsRoles(t *testing.T) {
	s := start(t)
	alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
	s.Put(t, alice, "/api/profiles/devs@example.com", `{"type":"idp","name":"Developers"}`).Want(201)
	const host = "cl-o.devs.example.com"
	on(t, s, host, alice, "PATCH", "/api/me", `{"x":{"rules":"be kind","rules.vis":"contributor","keys":"box","keys.vis":"leader"}}`).Want(200)
	sees := func(token string) string {
		t.Helper()
		x, _ := on(t, s, host, token, "GET", "/api/me/full", nil).Want(200).At("data.x")
		return fmt.Sprint(x)
	}
	if got := sees(xia); got != "<nil>" {
		t.Errorf("a stranger sees %s", got)
	}
	if got := sees(alice); got != "map[keys:box keys.vis:leader rules:be kind rules.vis:contributor]" {
		t.Errorf("the owner sees %s", got)
	}
	err := s.Store.Site(1).Update(t.Context(), func(tx store.Tx) error {
		member, err := tx.ByName(profile.ID{}, profile.Slug, "xia")
		if err != nil {
			return err
		}
		devs, err := tx.ByName(profile.ID{}, profile.IDTag, "devs@example.com")
		if err != nil {
			return err
		}
		return tx.AddLink(&store.Link{Src: member.ID, Kind: store.RoleLink, Dst: devs.ID, Tag: directory.RoleContributor, State: store.LinkActive,
			Attrs: []byte("{}"), Created: s.Clock.Now()})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := sees(xia); got != "map[rules:be kind rules.vis:contributor]" {
		t.Errorf("a contributor sees %s", got)
	}
}

func TestNoCacheMixesWhoLooks(t *testing.T) {
	s := start(t)
	alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
	s.Patch(t, alice, "/api/me", `{"x":{"bio":"mine","bio.vis":"connected"}}`).Want(200)
	for _, path := range []string{"/api/me", "/api/me/full"} {
		tags := map[string]string{}
		for name, token := range map[string]string{"nobody": "", "xia": xia, "alice": alice} {
			a := on(t, s, aliceHost, token, "GET", path, nil).Want(200)
			tags[name] = a.Header.Get("ETag")
			if !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Authorization") || !strings.Contains(a.Header.Get("Cache-Control"), "private") {
				t.Errorf("%s: Vary %q, Cache-Control %q", path, a.Header.Values("Vary"), a.Header.Get("Cache-Control"))
			}
			get := func(tag string) facetest.Answer {
				return s.Do(t, facetest.Call{Method: "GET", Path: path, Token: token, Header: map[string]string{"Host": aliceHost, "If-None-Match": tag}})
			}
			if again := get(tags[name]).Want(304); len(again.Body) > 0 || again.Header.Get("ETag") != tags[name] || again.Header.Get("Vary") == "" {
				t.Errorf("%s: %v %s", path, again.Header, again.Body)
			}
			get(`"other"`).Want(200)
			s.Clock.Advance(1) // the time of an answer is no part of what is tagged
			get(tags[name]).Want(304)
		}
		if tags["alice"] == tags["xia"] || tags["nobody"] != tags["xia"] {
			t.Errorf("%s: %v", path, tags)
		}
	}
}

func TestGap1OwnersAndLeadersAloneChangeAProfile(t *testing.T) {
	s := start(t)
	alice, xia, donny := login(t, s, under("alice")), login(t, s, under("xia")), login(t, s, under("donny"))
	s.Put(t, alice, "/api/profiles/devs@example.com", `{"type":"idp","name":"Developers"}`).Want(201)
	for _, host := range []string{aliceHost, "cl-o.devs.example.com"} {
		t.Run("gap 1: "+host, func(t *testing.T) {
			for name, token := range map[string]string{"a visitor": xia, "an operator": donny} {
				for _, body := range []any{`{"name":"Hacked"}`, `{"x":{"bio":"hacked"}}`, `{"x":null}`, `{}`} {
					if a := on(t, s, host, token, "PATCH", "/api/me", body); a.Status != 403 {
						t.Errorf("%s, %s: %d", name, body, a.Status)
					}
				}
				for _, path := range []string{"/api/me/image", "/api/me/cover"} {
					failed(t, s.Do(t, facetest.Call{Method: "PUT", Path: path, Token: token, Body: pngOf(t, 1), Type: "image/png", Header: map[string]string{"Host": host}}), 403, "E-AUTH-NOPERM")
				}
			}
			failed(t, on(t, s, host, "", "PATCH", "/api/me", `{"name":"Hacked"}`), 401, "E-AUTH-UNAUTH")
			on(t, s, host, alice, "PATCH", "/api/me", `{"name":"Right"}`).Want(200).Is(map[string]any{"data.name": "Right"})
		})
	}
}

func TestPatchOfMeMergesAndHasLimits(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	patch := func(body any) facetest.Answer {
		t.Helper()
		return s.Patch(t, alice, "/api/me", body)
	}
	patch(map[string]any{"x": map[string]any{"a": "1", "b": strings.Repeat("b", 4096), strings.Repeat("k", 256): "x"}}).Want(200)
	patch(`{"x":{"a":null,"c":"3","nothing":null}}`).Want(200)
	x, _ := s.Get(t, alice, "/api/me").Want(200).At("data.x")
	if got := x.(map[string]any); len(got) != 3 || got["c"] != "3" || got["a"] != nil {
		t.Errorf("%d fields: %.80v", len(got), got)
	}
	t.Run("gap 8: a name is neither null nor endless, and what is wrong is an envelope", func(t *testing.T) {
		for _, body := range []any{`{"name":null}`, `{"name":""}`, `{"name":"  "}`, map[string]string{"name": strings.Repeat("n", 100_000)},
			`{"x":{"a":1}}`, `{"x":{"a":["b"]}}`, `{"x":7}`, `{"name":{}}`} {
			failed(t, patch(body), 400, "E-VAL-INVALID")
		}
		for _, body := range []any{`{"status":7}`, `{"status":"X"}`, `{"trust":true}`, `{"hiddenInHome":1}`, `{"relationship":null}`} {
			failed(t, s.Patch(t, alice, "/api/profiles/bob@example.com", body), 400, "E-VAL-INVALID")
		}
	})
	s.Get(t, alice, "/api/me").Want(200).Is(map[string]any{"data.name": "Alice Cooper", "data.x.c": "3"})
	patch(`{}`).Want(200)
	patch(`{"name":"Alice","x":{"a":null,"b":7}}`).Want(400)
	s.Get(t, alice, "/api/me").Want(200).Is(map[string]any{"data.name": "Alice Cooper"})
}
