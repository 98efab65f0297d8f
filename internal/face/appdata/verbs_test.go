package appdata_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"facet/internal/facetest"
)

const (
	mergePatch = "application/merge-patch+json"
	jsonPatch  = "application/json-patch+json"
)

// send is a call with conditions.
func send(t *testing.T, s *facetest.Service, method, path, token, media string, body any, header ...string) facetest.Answer {
	t.Helper()
	c := facetest.Call{Method: method, Path: path, Token: token, Type: media, Body: body, Header: map[string]string{}}
	for i := 0; i < len(header); i += 2 {
		c.Header[header[i]] = header[i+1]
	}
	return s.Do(t, c)
}

func TestDocumentIsPutPatchedAndDeleted(t *testing.T) {
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	xia, xiaID := signIn(t, s, "xia")
	for token, path := range map[string]string{xia: "/user/profiles/1", donny: "/operator/users/profile/" + xiaID + "/2"} {
		made := send(t, s, "PUT", path, token, "", `{"z":1.10, "a":12345678901234567890}`).Want(201)
		if !strings.Contains(string(made.Body), `"profile_data":{"z":1.10,"a":12345678901234567890},"version":1`) || made.Header.Get("ETag") != `"1"` {
			t.Errorf("%s %v", made.Body, made.Header)
		}
		send(t, s, "PUT", path, token, "", `{"z":1.10,"a":12345678901234567890}`).Want(200).Is(map[string]any{"version": 1}) // nothing changes
		send(t, s, "PATCH", path, token, mergePatch, `{"n":{"x":null,"y":2}}`).Want(200).Is(map[string]any{"version": 2, "profile_data.n": map[string]any{"y": 2}})
		send(t, s, "PATCH", path, token, jsonPatch, `[{"op":"test","path":"/n/y","value":2.0},{"op":"add","path":"/null","value":null},{"op":"remove","path":"/n"}]`).Want(200)
		wantProblem(t, "a test fails", send(t, s, "PATCH", path, token, jsonPatch, `[{"op":"remove","path":"/z"},{"op":"test","path":"/a","value":1}]`), 409, "patch_test_failed", "/1 patch_test_failed")
		wantProblem(t, "nowhere", send(t, s, "PATCH", path, token, jsonPatch, `[{"op":"remove","path":"/none"}]`), 409, "patch_path", "/0/path patch_path")
		wantProblem(t, "no patch", send(t, s, "PATCH", path, token, jsonPatch, `[{"op":"spam"}]`), 422, "choice", "/0/op choice")
		wantProblem(t, "no object", send(t, s, "PATCH", path, token, mergePatch, `[1]`), 422, "profile_data_not_object", " profile_data_not_object")
		wantProblem(t, "two names", send(t, s, "PATCH", path, token, mergePatch, `{"a":1,"a":2}`), 422, "syntax", " syntax")
		plain := send(t, s, "PATCH", path, token, "application/json", `{}`)
		wantProblem(t, "plain JSON", plain, 415, "unsupported_media_type")
		if !strings.Contains(plain.Header.Get("Accept-Patch"), mergePatch) {
			t.Errorf("Accept-Patch %q", plain.Header.Get("Accept-Patch"))
		}
		large := strings.Repeat("x", 200<<10)
		send(t, s, "PATCH", path, token, mergePatch, `{"l":"`+large+`"}`).Want(200)
		wantProblem(t, "large", send(t, s, "PATCH", path, token, mergePatch, `{"m":"`+large+`"}`), 413, "too_large", " too_large")
		wantProblem(t, "large", send(t, s, "PATCH", path, token, jsonPatch, `[{"op":"copy","from":"/l","path":"/m"}]`), 413, "too_large")
		send(t, s, "DELETE", path, token, "", nil).Want(204)
		wantProblem(t, "again", send(t, s, "DELETE", path, token, "", nil), 404, "profile_not_found")
		wantProblem(t, "gone", send(t, s, "PATCH", path, token, mergePatch, `{}`), 404, "profile_not_found")
	}
	wantProblem(t, "no app", send(t, s, "PUT", "/user/profiles/77", xia, "", `{}`), 404, "app_not_found")
	for _, c := range []string{"PUT", "PATCH", "DELETE"} { // S9
		wantProblem(t, "not an operator", send(t, s, c, "/operator/users/profile/"+xiaID+"/1", xia, mergePatch, `{}`), 403, "forbidden")
	}
}

func TestChangesAreConditionalOnTheVersion(t *testing.T) { // S10
	s := serve(t)
	xia, _ := signIn(t, s, "xia")
	const path = "/user/profiles/1"
	wantProblem(t, "there is none", send(t, s, "PUT", path, xia, "", `{}`, "If-Match", "*"), 412, "version_mismatch")
	send(t, s, "PUT", path, xia, "", `{"n":1}`, "If-None-Match", "*").Want(201)
	again := send(t, s, "PUT", path, xia, "", `{"n":2}`, "If-None-Match", "*")
	wantProblem(t, "there is one", again, 412, "version_mismatch")
	if again.Header.Get("ETag") != `"1"` {
		t.Errorf("ETag %q", again.Header.Get("ETag"))
	}
	for _, stale := range []string{`"2"`, `W/"1"`, `1`, `""`, `"x"`, `nonsense`} {
		wantProblem(t, stale, send(t, s, "PATCH", path, xia, mergePatch, `{"n":3}`, "If-Match", stale), 412, "version_mismatch")
		wantProblem(t, stale, send(t, s, "DELETE", path, xia, "", nil, "If-Match", stale), 412, "version_mismatch")
	}
	s.Get(t, xia, path).Is(map[string]any{"profiles.0.profile_data.n": 1})
	send(t, s, "PATCH", path, xia, mergePatch, `{"n":3}`, "If-Match", `"7", "1"`).Want(200).Is(map[string]any{"version": 2})
	if a := send(t, s, "GET", path, xia, "", nil, "If-None-Match", `"2"`).Want(304); len(a.Body) > 0 || a.Header.Get("ETag") != `"2"` {
		t.Errorf("%v %s", a.Header, a.Body)
	}
	send(t, s, "GET", path, xia, "", nil, "If-None-Match", `"1"`).Want(200)

	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() { send(t, s, "PATCH", path, xia, mergePatch, fmt.Sprintf(`{"k%d":%d}`, n, n)).Want(200) })
	}
	all.Wait()
	if got := s.Get(t, xia, path).Keys("profiles.0.profile_data"); len(got) != 65 {
		t.Errorf("%d members of 64 that were patched in at once, and the one before", len(got))
	}
}

func TestCreatingWhereThereIsOneDoesWhatIsAskedFor(t *testing.T) { // Q5
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	xia, _ := signIn(t, s, "xia")
	create := func(query, data string) facetest.Answer {
		return s.Post(t, xia, "/user/profiles/create"+query, `{"app_id":1,"profile_data":`+data+`}`)
	}
	create("?on_conflict=replace", `{"a":1,"b":2}`).Want(201)
	wantProblem(t, "error", create("?on_conflict=error", `{}`), 409, "profile_exists", "/app_id profile_exists")
	create("?on_conflict=skip", `{"c":3}`).Want(200).Is(map[string]any{"version": 1, "profile_data": map[string]any{"a": 1, "b": 2}})
	create("?on_conflict=merge", `{"b":null,"c":3}`).Want(200).Is(map[string]any{"version": 2, "profile_data": map[string]any{"a": 1, "c": 3}})
	create("?on_conflict=replace", `{"d":4}`).Want(200).Is(map[string]any{"version": 3, "profile_data": map[string]any{"d": 4}})
	wantProblem(t, "unknown", create("?on_conflict=overwrite", `{}`), 400, "invalid_parameter")
	wantProblem(t, "unknown", create("?onconflict=skip", `{}`), 400, "invalid_parameter")
	s.Do(t, facetest.Call{Method: "PATCH", Path: "/operator/app/1", Token: donny, Body: `{"on_conflict":"replace","require_if_match":true}`}).Want(200)
	wantProblem(t, "blindly", create("", `{"e":5}`), 428, "if_match_required")
	wantProblem(t, "blindly", send(t, s, "DELETE", "/user/profiles/1", xia, "", nil), 428, "if_match_required")
	send(t, s, "POST", "/user/profiles/create", xia, "", `{"app_id":1,"profile_data":{"e":5}}`, "If-Match", `"3"`).Want(200).Is(map[string]any{"version": 4})
}

func TestRepeatedRequestIsAnsweredAsTheFirst(t *testing.T) { // Q17
	s := serve(t)
	donny, donnyID := signIn(t, s, "donny")
	const own = `{"app_id":1,"profile_data":{"n":1}}`
	first := send(t, s, "POST", "/user/profiles/create", donny, "", own, "Idempotency-Key", "k1").Want(201)
	again := send(t, s, "POST", "/user/profiles/create", donny, "", own, "Idempotency-Key", "k1").Want(201)
	if string(first.Body) != string(again.Body) {
		t.Errorf("%s, then %s", first.Body, again.Body)
	}
	wantProblem(t, "another", send(t, s, "POST", "/user/profiles/create", donny, "", `{"app_id":2,"profile_data":{}}`, "Idempotency-Key", "k1"), 422, "repeat")
	wantProblem(t, "no key", send(t, s, "POST", "/user/profiles/create", donny, "", own, "Idempotency-Key", strings.Repeat("k", 256)), 400, "invalid_header")

	bulk := `{"profiles":[{"user_id":"` + donnyID + `","app_id":2,"profile_data":{"n":2}}]}`
	const path = "/operator/profile/create-bulk"
	first = send(t, s, "POST", path, donny, "", bulk, "Idempotency-Key", "k2").Want(201)
	s.Do(t, facetest.Call{Method: "DELETE", Path: "/user/profiles/2", Token: donny}).Want(204)
	again = send(t, s, "POST", path, donny, "", bulk, "Idempotency-Key", "k2").Want(201)
	if string(first.Body) != string(again.Body) {
		t.Errorf("%s, then %s", first.Body, again.Body)
	}
	s.Get(t, donny, "/user/profiles/2").WantJSON(200, `{"profiles":[]}`)
	wantProblem(t, "another", send(t, s, "POST", path, donny, "", strings.Replace(bulk, "2}", "3}", 1), "Idempotency-Key", "k2"), 422, "repeat")
	s.Clock.Advance(25 * 3600e9)
	fresh, _ := signIn(t, s, "donny")
	send(t, s, "POST", path, fresh, "", bulk, "Idempotency-Key", "k2").Want(201)
	s.Get(t, fresh, "/user/profiles/2").Is(map[string]any{"profiles.0.profile_data.n": 2})
}

func TestEachPartOfADocumentHasItsWriter(t *testing.T) { // write classes
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	xia, xiaID := signIn(t, s, "xia")
	s.Do(t, facetest.Call{Method: "PATCH", Path: "/operator/app/1", Token: donny, Body: `{"sections":{"progress":"app","notes":"private"}}`}).Want(200)
	operated := "/operator/users/profile/" + xiaID + "/1"
	const own = "/user/profiles/1"
	wantProblem(t, "progress", s.Post(t, xia, "/user/profiles/create", `{"app_id":1,"profile_data":{"progress":9}}`), 403, "section_forbidden", "/profile_data/progress section_forbidden")
	wantProblem(t, "notes", send(t, s, "PUT", own, xia, "", `{"notes":"nice"}`), 403, "section_forbidden", "/notes section_forbidden")
	send(t, s, "PUT", operated, donny, "", `{"progress":3,"notes":"watch out","theme":"dark"}`).Want(201)
	s.Get(t, xia, own).Is(map[string]any{"profiles.0.profile_data": map[string]any{"progress": 3, "theme": "dark"}})
	send(t, s, "PUT", own, xia, "", `{"theme":"light"}`).Want(200).Is(map[string]any{"profile_data": map[string]any{"progress": 3, "theme": "light"}})
	send(t, s, "PUT", own, xia, "", `{"theme":"red","progress":3.0}`).Want(200)
	send(t, s, "PATCH", own, xia, mergePatch, `{"theme":"blue"}`).Want(200)
	for media, patch := range map[string]string{mergePatch: `{"progress":4}`, jsonPatch: `[{"op":"remove","path":"/progress"}]`} {
		wantProblem(t, patch, send(t, s, "PATCH", own, xia, media, patch), 403, "section_forbidden", "/progress section_forbidden")
	}
	wantProblem(t, "to see what is hidden", send(t, s, "PATCH", own, xia, jsonPatch, `[{"op":"test","path":"/notes","value":"watch out"}]`), 409, "patch_path", "/0/path patch_path")
	wantProblem(t, "delete", send(t, s, "DELETE", own, xia, "", nil), 403, "section_forbidden", " section_forbidden")
	s.Get(t, donny, operated).Is(map[string]any{"profile_data": map[string]any{"progress": 3, "notes": "watch out", "theme": "blue"}})

	s.Do(t, facetest.Call{Method: "PATCH", Path: "/operator/app/2", Token: donny, Body: `{"write_class":"private"}`}).Want(200)
	send(t, s, "PUT", "/operator/users/profile/"+xiaID+"/2", donny, "", `{"score":1}`).Want(201)
	s.Get(t, xia, "/user/profiles/2").WantJSON(200, `{"profiles":[]}`)
	wantProblem(t, "private", send(t, s, "PUT", "/user/profiles/2", xia, "", `{"score":2}`), 403, "section_forbidden", "/score section_forbidden")
	wantProblem(t, "private", send(t, s, "PUT", "/user/profiles/2", xia, "", `{}`), 403, "section_forbidden", " section_forbidden")
	wantProblem(t, "private", send(t, s, "DELETE", "/user/profiles/2", xia, "", nil), 404, "profile_not_found")
	s.Get(t, donny, "/operator/users/profile/"+xiaID+"/2").Is(map[string]any{"profile_data.score": 1})
}

func TestSchemaOfAnAppWarnsRefusesAndReports(t *testing.T) { // Q15
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	xia, xiaID := signIn(t, s, "xia")
	set := func(body string) facetest.Answer {
		return s.Do(t, facetest.Call{Method: "PATCH", Path: "/operator/app/1", Token: donny, Body: body})
	}
	const schema = `{"type":"object","required":["level"],"properties":{"level":{"type":"integer","minimum":1},"a/b":{"items":{"type":"string"}}}}`
	s.Post(t, xia, "/user/profiles/create", `{"app_id":1,"profile_data":{"level":0}}`).Want(201)
	check := "/operator/app/1/schema/check"
	wantProblem(t, "no schema", s.Post(t, donny, check, `{}`), 422, "required", "/schema required")
	want := `{"checked":1,"invalid":[{"user_id":"` + xiaID + `","errors":[{"pointer":"/level","detail":"minimum: got 0, want 1"}]}],"next_cursor":null}`
	s.Post(t, donny, check, `{"schema":`+schema+`}`).WantJSON(200, want) // a dry run: nothing is set
	set(`{"schema":` + schema + `,"schema_mode":"warn"}`).Want(200).Is(map[string]any{"schema_version": 1, "schema_mode": "warn"})
	s.Post(t, donny, check, `{}`).WantJSON(200, want)
	send(t, s, "PUT", "/user/profiles/1", xia, "", `{"level":1.5,"a/b":[7]}`).Want(200).Is(map[string]any{"warnings.0.pointer": "/a~1b/0", "warnings.1.pointer": "/level"})
	set(`{"schema_mode":"enforce"}`).Want(200).Is(map[string]any{"schema_version": 1})
	wantProblem(t, "enforced", send(t, s, "PUT", "/user/profiles/1", xia, "", `{"level":"high","a/b":[7]}`), 422, "schema_violation", "/a~1b/0 schema_violation", "/level schema_violation")
	wantProblem(t, "enforced", s.Post(t, xia, "/user/profiles/create?on_conflict=replace", `{"app_id":1,"profile_data":{}}`), 422, "schema_violation", "/profile_data schema_violation")
	wantProblem(t, "enforced in bulk", s.Post(t, donny, "/operator/profile/create-bulk?on_conflict=replace", `{"profiles":[{"user_id":"`+xiaID+`","app_id":1,"profile_data":{"level":-1}}]}`),
		422, "schema_violation", "/profiles/0/profile_data/level schema_violation")
	send(t, s, "PUT", "/user/profiles/1", xia, "", `{"level":1e400}`).Want(200)
	send(t, s, "PUT", "/user/profiles/1", xia, "", `{"level":1e99999999}`).Want(422)
	for _, bad := range []string{`7`, `"x"`, `[]`, `{"type":"thing"}`, `{"$ref":"https://example.com/schema.json"}`, `{"$ref":"file:///etc/passwd"}`, `{"pattern":"("}`, `{"type":"object","type":"array"}`} {
		a := set(`{"schema":` + bad + `}`)
		if a.Status != 422 {
			t.Errorf("%s: %d %s", bad, a.Status, a.Body)
		}
	}
	set(`{"schema":null}`).Want(200).Is(map[string]any{"schema": nil, "schema_version": 2})
	send(t, s, "PUT", "/user/profiles/1", xia, "", `{"level":"high"}`).Want(200)
	set(`{"any_json":true}`).Want(200)
	send(t, s, "PUT", "/user/profiles/1", xia, "", `[1,"two"]`).Want(200).Is(map[string]any{"profile_data": []any{1, "two"}})
}

func TestBulkInParts(t *testing.T) { // S3, Q1, Q13
	s := serve(t)
	donny, donnyID := signIn(t, s, "donny")
	_, xiaID := signIn(t, s, "xia")
	item := func(user, more string) string { return `{"user_id":"` + user + `",` + more + `}` }
	body := `{"profiles":[` + strings.Join([]string{
		item(donnyID, `"app_id":1,"profile_data":{"n":0}`), item(unknownID, `"app_id":77,"profile_data":[]`), `7`,
		item(xiaID, `"app_id":1,"profile_data":{"n":3}`), item(xiaID, `"app_id":1,"profile_data":{"n":4}`), item(xiaID, `"app_id":2,"profile_data":{"n":5},"if_match":3`),
	}, ",") + `]}`
	wantProblem(t, "all", s.Post(t, donny, "/operator/profile/create-bulk", body), 422, "app_not_found",
		"/profiles/1/app_id app_not_found", "/profiles/1/user_id user_not_found", "/profiles/2 wrong_type", "/profiles/4/user_id duplicate_in_request", "/profiles/5 version_mismatch")
	s.Get(t, donny, "/user/profiles/1").WantJSON(200, `{"profiles":[]}`)
	s.Post(t, donny, "/operator/profile/create-bulk?mode=partial", body).Want(200).Is(map[string]any{
		"results.0.status": "created", "results.0.etag": `"1"`, "results.1.status": "failed", "results.1.errors.0.code": "app_not_found", "results.2.errors.0.code": "wrong_type",
		"results.3.status": "created", "results.4.errors.0.code": "duplicate_in_request", "results.5.errors.0.code": "version_mismatch",
	})
	s.Get(t, donny, "/operator/users/profile/"+xiaID+"/1").Is(map[string]any{"profile_data.n": 3})

	again := `{"profiles":[` + item(xiaID, `"app_id":1,"profile_data":{"m":1}`) + `]}`
	for mode, status := range map[string]string{"skip": "skipped", "merge": "merged"} {
		s.Post(t, donny, "/operator/profile/create-bulk?on_conflict="+mode, again).Want(201).Is(map[string]any{"created": 0, "profiles.0.status": status})
	}
	s.Post(t, donny, "/operator/profile/create-bulk?return=full&on_conflict=replace", again).Want(201).Is(map[string]any{"created": 0, "profiles.0.profile_data": map[string]any{"m": 1}})
	s.Post(t, donny, "/operator/profile/create-bulk", `{"profiles":[`+item(xiaID, `"app_id":1,"profile_data":{"m":2},"if_match":3`)+`]}`).Want(201).Is(map[string]any{"profiles.0.version": 4})

	places := `{"profiles":[` + item(xiaID, `"app_id":1`) + `,` + item(unknownID, `"app_id":1`) + `,` + item(donnyID, `"app_id":1`) + `]}`
	s.Post(t, donny, "/operator/profile/get-bulk?fields=/m", places).Want(200).Is(map[string]any{"profiles.0.profile_data": map[string]any{"m": 2}, "profiles.1": nil, "profiles.2.profile_data": map[string]any{}})
	wantProblem(t, "one is not there", s.Post(t, donny, "/operator/profile/delete-bulk", places), 422, "user_not_found", "/profiles/1/user_id user_not_found")
	s.Get(t, donny, "/operator/users/profile/"+xiaID+"/1").Want(200)
	s.Do(t, facetest.Call{Method: "DELETE", Path: "/operator/profile/delete-bulk?mode=partial", Token: donny, Body: places}).Want(200).Is(map[string]any{
		"results.0.status": "deleted", "results.1.status": "failed", "results.2.status": "deleted"})
	s.Get(t, donny, "/operator/users/profile/"+xiaID+"/1").Want(404)
	many := `{"profiles":[` + strings.TrimSuffix(strings.Repeat(item(xiaID, `"app_id":1`)+",", 1001), ",") + `]}`
	wantProblem(t, "many", s.Post(t, donny, "/operator/profile/get-bulk", many), 413, "too_large")
	if detail := s.Post(t, donny, "/operator/profile/delete-bulk", many).Want(413).Text("detail"); !strings.Contains(detail, "1000") {
		t.Errorf("the limit is not told: %s", detail)
	}
	s.Get(t, "", "/limits").Want(200).Is(map[string]any{"get_bulk_profiles": 1000, "bulk_body_bytes": 64 << 20, "profile_data_bytes": 256 << 10, "profile_data_depth": 64})
}

func TestDocumentsOfAnAppAreListedByFilterAndCursor(t *testing.T) { // Q14
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	users, apps := places(t, s, 200)
	var items []string
	for i := range 200 {
		items = append(items, fmt.Sprintf(`{"user_id":"%s","app_id":%d,"profile_data":{"plan":"%s","n":%d,"tags":["t%d"]}}`, users[i/100], apps[i%100], []string{"pro", "free"}[i%2], i, i))
	}
	s.Post(t, donny, "/operator/profile/create-bulk", `{"profiles":[`+strings.Join(items, ",")+`]}`).Want(201)
	var more []string
	for _, name := range []string{"xia", "alice", "bob", "casey"} {
		_, id := signIn(t, s, name)
		more = append(more, fmt.Sprintf(`{"user_id":"%s","app_id":%d,"profile_data":{"plan":"pro","of":"%s"}}`, id, apps[0], name))
	}
	s.Post(t, donny, "/operator/profile/create-bulk", `{"profiles":[`+strings.Join(more, ",")+`]}`).Want(201)
	list := fmt.Sprintf("/operator/app/%d/profiles?limit=2", apps[0])
	seen := map[string]bool{}
	path := list
	for pages := 0; path != ""; pages++ {
		a := s.Get(t, donny, path).Want(200)
		for i := range 2 {
			if v, ok := a.At(fmt.Sprintf("profiles.%d.user_id", i)); ok {
				if seen[v.(string)] {
					t.Errorf("%s twice", v)
				}
				seen[v.(string)] = true
			}
		}
		path = ""
		if v, _ := a.At("next_cursor"); v != nil {
			path = list + "&cursor=" + v.(string)
		}
		if pages > 10 {
			t.Fatal("it does not end")
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d profiles were listed", len(seen))
	}
	filtered := s.Get(t, donny, fmt.Sprintf("/operator/app/%d/profiles?fields=/of&filter=%s", apps[0], url.QueryEscape(`{"of":"bob","plan":"pro"}`))).Want(200)
	filtered.Is(map[string]any{"profiles.0.profile_data": map[string]any{"of": "bob"}, "next_cursor": nil})
	if _, ok := filtered.At("profiles.1"); ok {
		t.Errorf("more than one: %s", filtered.Body)
	}
	for _, bad := range []string{"limit=0", "limit=1001", "limit=x", "cursor=x", "cursor=AAAA", "filter={", "filter=", "fields=a", "unknown=1", "limit=1&limit=2", "%zz"} {
		a := s.Get(t, donny, fmt.Sprintf("/operator/app/%d/profiles?%s", apps[0], bad))
		wantProblem(t, bad, a, 400, "invalid_parameter")
	}
	wantProblem(t, "no app", s.Get(t, donny, "/operator/app/77/profiles"), 404, "app_not_found")
}

func TestDocumentOfAHouseholdProfileIsApart(t *testing.T) {
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	casey, caseyID := signIn(t, s, "casey")
	xia, _ := signIn(t, s, "xia")
	made, err := s.Site.Household(t.Context(), principal(t, s, casey), "42")
	if err != nil {
		t.Fatal(err)
	}
	member := made[1].ID.String()
	query := "?user_profile_id=" + member
	send(t, s, "PUT", "/user/profiles/1"+query, casey, "", `{"of":"robin"}`).Want(201).Is(map[string]any{"user_id": caseyID, "user_profile_id": member})
	s.Get(t, casey, "/user/profiles/1").WantJSON(200, `{"profiles":[]}`)
	s.Post(t, casey, "/user/profiles/create", `{"app_id":2,"profile_data":{},"user_profile_id":"`+member+`"}`).Want(201)
	s.Post(t, donny, "/operator/profile/create-bulk", `{"profiles":[{"user_id":"`+caseyID+`","app_id":1,"profile_data":{"of":"casey"}}]}`).Want(201)
	s.Get(t, donny, "/operator/users/profile/"+caseyID+"/1"+query).Want(200).Is(map[string]any{"profile_data.of": "robin"})
	s.Get(t, donny, "/operator/users/profile/"+caseyID+"/1").Is(map[string]any{"profile_data.of": "casey"})
	wantProblem(t, "another's", s.Get(t, xia, "/user/profiles/1"+query), 404, "user_profile_not_found")
	wantProblem(t, "another's", send(t, s, "PUT", "/user/profiles/1"+query, xia, "", `{}`), 404, "user_profile_not_found")
	wantProblem(t, "no UUID", s.Get(t, casey, "/user/profiles/1?user_profile_id=robin"), 400, "invalid_parameter")
	if err := s.Site.RemoveMember(t.Context(), principal(t, s, casey), "42", member, nil); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, "gone", s.Get(t, donny, "/operator/users/profile/"+caseyID+"/1"+query), 404, "user_profile_not_found")
	s.Get(t, donny, "/operator/app/2/profiles").WantJSON(200, `{"profiles":[],"next_cursor":null}`)
}
