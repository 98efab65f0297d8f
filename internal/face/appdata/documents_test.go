package appdata_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"facet/internal/facetest"
)

func TestDocumentComesBackToTheLetter(t *testing.T) {
	s := serve(t)
	donny, donnyID := signIn(t, s, "donny")
	const exact = `{"z":12345678901234567890,"a":1.10,"e":1e400,"s":"\u00e9\/\ud83d\ude00 é <&>\u2028","o":{"b":[null],"a":{}},"":-0}`
	spaced := strings.ReplaceAll(exact, ",", " ,\n\t")
	own := s.Post(t, donny, "/user/profiles/create", `{"profile_data": `+spaced+`, "app_id": 1}`).Want(201)
	s.Post(t, donny, "/operator/profile/create-bulk", `{"profiles":[{"user_id":"`+donnyID+`","profile_data":`+spaced+`,"app_id":2}]}`).Want(201)
	for _, a := range []facetest.Answer{own, s.Get(t, donny, "/user/profiles/1"), s.Get(t, donny, "/user/profiles/2"), s.Get(t, donny, "/operator/users/profile/"+donnyID+"/2")} {
		if !strings.Contains(string(a.Want(a.Status).Body), `"profile_data":`+exact+`,`) {
			t.Errorf("it came back as %s", a.Body)
		}
	}
}

func TestWhoMayNotIsRefused(t *testing.T) {
	s := serve(t)
	xia, xiaID := signIn(t, s, "xia")
	_, aliceID := signIn(t, s, "alice")
	s.Post(t, xia, "/user/profiles/create", `{"app_id":1,"profile_data":{}}`).Want(201)

	for _, c := range []facetest.Call{
		{Method: "GET", Path: "/user/profiles/1"},
		{Method: "POST", Path: "/user/profiles/create", Body: `{`},
		{Method: "POST", Path: "/operator/profile/create-bulk", Body: `{`},
		{Method: "GET", Path: "/operator/users/profile/x/y"},
	} {
		a := s.Do(t, c)
		wantProblem(t, "nobody", a, 401, "no_auth")
		if got := a.Header.Get("WWW-Authenticate"); got != "Bearer" {
			t.Errorf("WWW-Authenticate %q", got)
		}
		for what, header := range map[string]string{"garbage": "Bearer garbage", "no token": "Bearer ", "changed": "Bearer " + xia + "x"} {
			c.Header = map[string]string{"Authorization": header}
			a := s.Do(t, c)
			wantProblem(t, what, a, 401, "bad_token")
			if got := a.Header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
				t.Errorf("WWW-Authenticate %q", got)
			}
		}
		for what, header := range map[string]map[string]string{
			"an API key": {"X-API-KEY": appKey}, "a password": {"Authorization": "Basic eGlhOnlveW8="}, "a bare token": {"Authorization": xia},
		} {
			c.Header = header
			wantProblem(t, what, s.Do(t, c), 401, "no_auth")
		}
		if c.Header, c.Token = nil, xia; strings.HasPrefix(c.Path, "/operator") { // also before the body and the path are looked at
			wantProblem(t, c.Path, s.Do(t, c), 403, "forbidden")
		}
	}
	wantProblem(t, "another's", s.Post(t, xia, "/user/profiles/create", `{"user_id":"`+aliceID+`","app_id":2,"profile_data":[],"x":1}`), 403, "forbidden")
	s.Post(t, xia, "/user/profiles/create", `{"user_id":"`+xiaID+`","app_id":2,"profile_data":{}}`).Want(201)
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	_, xiaID := signIn(t, s, "xia")
	for path, code := range map[string]string{
		"/user/profiles/77":                           "app_not_found",
		"/operator/users/profile/" + xiaID + "/77":    "app_not_found",
		"/operator/users/profile/" + xiaID + "/1":     "profile_not_found",
		"/operator/users/profile/" + unknownID + "/1": "user_not_found",
	} {
		wantProblem(t, path, s.Get(t, donny, path), 404, code)
	}
	for _, appid := range []string{"0", "-1", "+1", "01", "1.0", "1e0", "one", "%00", "%ff", "99999999999999999999", "create"} {
		wantProblem(t, appid, s.Get(t, donny, "/user/profiles/"+appid), 400, "invalid_id")
		wantProblem(t, appid, s.Get(t, donny, "/operator/users/profile/"+xiaID+"/"+appid), 400, "invalid_id")
	}
	for _, id := range []string{"string", "42", strings.ReplaceAll(xiaID, "-", ""), xiaID + "0", "{" + xiaID[1:], "xia"} {
		wantProblem(t, id, s.Get(t, donny, "/operator/users/profile/"+id+"/1"), 400, "invalid_id")
	}
}

const unknownID = "72c9c71b-98dc-4606-826f-bb2784d68446"

func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth-1) + `{}` + strings.Repeat(`}`, depth-1)
}

func TestBodiesThatCannotBeTakenAreRefused(t *testing.T) {
	s := serve(t)
	donny, donnyID := signIn(t, s, "donny")
	for body, want := range map[string]struct {
		status int
		code   string
		items  []string // from the document on
	}{
		`{"app_id":1,"profile_data":{}`:                                            {400, "syntax", nil},
		`{"app_id":01,"profile_data":{}}`:                                          {400, "syntax", nil},
		`{"app_id":1,"profile_data":{},}`:                                          {400, "syntax", nil},
		"{\"app_id\":1,\"\xff\":2}":                                                {400, "syntax", nil},
		"{\"profile_data\":{\"a\":\"\xff\"},\"app_id\":1}":                         {400, "syntax", nil},
		`{"app_id":"7","profile_data":{}}`:                                         {422, "wrong_type", []string{"/app_id wrong_type"}},
		`{"app_id":7.0,"profile_data":{}}`:                                         {422, "wrong_type", []string{"/app_id wrong_type"}},
		`{"app_id":7e0,"profile_data":{}}`:                                         {422, "wrong_type", []string{"/app_id wrong_type"}},
		`{"app_id":0,"profile_data":{}}`:                                           {422, "wrong_type", []string{"/app_id wrong_type"}},
		`{"app_id":-1,"profile_data":{}}`:                                          {422, "wrong_type", []string{"/app_id wrong_type"}},
		`{"app_id":null,"profile_data":{}}`:                                        {422, "wrong_type", []string{"/app_id wrong_type"}},
		`{"app_id":99999999999999999999,"profile_data":{}}`:                        {422, "wrong_type", []string{"/app_id wrong_type"}},
		`{"app_id":77,"profile_data":{}}`:                                          {422, "app_not_found", []string{"/app_id app_not_found"}},
		`{"app_id":1,"profile_data":[]}`:                                           {422, "profile_data_not_object", []string{"/profile_data profile_data_not_object"}},
		`{"app_id":1,"profile_data":"{}"}`:                                         {422, "profile_data_not_object", []string{"/profile_data profile_data_not_object"}},
		`{"app_id":1,"profile_data":null}`:                                         {422, "required", []string{"/profile_data required"}},
		`{}`:                                                                       {422, "required", []string{"/app_id required", "/profile_data required"}},
		`{"app_id":1,"profile_data":{"a":1,"\u0061":2}}`:                           {422, "syntax", []string{"/profile_data syntax"}},
		`{"app_id":1,"profile_data":{"a":"\u0000"}}`:                               {422, "syntax", []string{"/profile_data syntax"}},
		`{"app_id":1,"profile_data":{"a":"\ud800"}}`:                               {422, "syntax", []string{"/profile_data syntax"}},
		`{"app_id":1,"app_id":2,"profile_data":{}}`:                                {422, "duplicate", []string{"/app_id duplicate"}},
		`{"app_id":1,"profile_data":{},"a/b~":1,"c":2}`:                            {422, "unknown_member", []string{"/a~1b~0 unknown_member"}},
		`{"App_ID":1,"app_id":1,"profile_data":{}}`:                                {422, "unknown_member", []string{"/App_ID unknown_member"}},
		`{"app_id":1,"profile_data":{},"user_id":7}`:                               {422, "invalid_id", []string{"/user_id invalid_id"}},
		`{"app_id":1,"profile_data":{},"user_id":null}`:                            {422, "invalid_id", []string{"/user_id invalid_id"}},
		`{"app_id":1,"profile_data":` + nested(65) + `}`:                           {413, "too_large", []string{"/profile_data too_large"}},
		`{"app_id":1,"profile_data":{"a":"` + strings.Repeat("x", 300<<10) + `"}}`: {413, "too_large", []string{"/profile_data too_large"}},
		`{"app_id":"1","profile_data":{"a":"` + strings.Repeat("x", 300<<10) + `"},"b":1,"user_id":1}`: {413, "too_large", []string{"/app_id wrong_type", "/profile_data too_large", "/b unknown_member", "/user_id invalid_id"}},
	} {
		short := body[:min(len(body), 60)]
		wantProblem(t, short, s.Post(t, donny, "/user/profiles/create", body), want.status, want.code, want.items...)

		if strings.Contains(body, "user_id") || body == `{}` {
			continue
		}
		bulk := `{"profiles":[{"user_id":"` + donnyID + `",` + body[1:] + `]}`
		var items []string
		for _, item := range want.items {
			items = append(items, "/profiles/0"+item)
		}
		wantProblem(t, short+" in bulk", s.Post(t, donny, "/operator/profile/create-bulk", bulk), want.status, want.code, items...)
	}
	for _, body := range []string{``, ` `, `{`, `nope`, `{} {}`, `{}x`, "\xef\xbb\xbf{}", "{}\x00", `{"profiles":[`, `{"profiles":[{}`, `{"profiles":[{},]}`} {
		wantProblem(t, body[:min(len(body), 20)], s.Post(t, donny, "/operator/profile/create-bulk", body), 400, "syntax")
	}
	for _, deep := range []string{strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000), `{"profiles":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`} {
		wantProblem(t, "deep", s.Post(t, donny, "/operator/profile/create-bulk", deep), 413, "too_large")
	}
	for body, items := range map[string]string{
		`[]`: " wrong_type", `"x"`: " wrong_type", `null`: " wrong_type", `{}`: "/profiles required", `{"profiles":{}}`: "/profiles wrong_type",
		`{"profiles":null}`: "/profiles wrong_type", `{"profiles":[7]}`: "/profiles/0 wrong_type", `{"profiles":[null]}`: "/profiles/0 wrong_type",
		`{"profiles":[],"profiles":[]}`: "/profiles duplicate", `{"profiles":[],"mode":"partial"}`: "/mode unknown_member",
	} {
		a := s.Post(t, donny, "/operator/profile/create-bulk", body)
		wantProblem(t, body, a, 422, strings.Fields(items)[len(strings.Fields(items))-1], items)
	}
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "nonsense;;", "application/json; charset=latin1"} {
		a := s.Do(t, facetest.Call{Method: "POST", Path: "/user/profiles/create", Token: donny, Type: contentType, Body: `{"app_id":1,"profile_data":{}}`})
		wantProblem(t, contentType, a, 415, "unsupported_media_type")
	}
	s.Get(t, donny, "/user/profiles/1").WantJSON(200, `{"profiles":[]}`)
	s.Post(t, donny, "/operator/profile/create-bulk", `{"profiles":[]}`).WantJSON(201, `{"created":0,"profiles":[]}`)
	s.Post(t, donny, "/user/profiles/create", `{"app_id":1,"profile_data":`+nested(64)+`}`).Want(201)
}

func TestProfileThatIsThereIsNotOverwritten(t *testing.T) {
	s := serve(t)
	donny, donnyID := signIn(t, s, "donny")
	s.Post(t, donny, "/user/profiles/create", `{"app_id":1,"profile_data":{"n":1}}`).Want(201)
	a := s.Post(t, donny, "/user/profiles/create", `{"app_id":1,"profile_data":{"n":2}}`)
	wantProblem(t, "again", a, 409, "profile_exists", "/app_id profile_exists")
	if a.Header.Get("ETag") != `"1"` {
		t.Errorf("headers %v", a.Header)
	}
	item := `{"user_id":"` + donnyID + `","app_id":%d,"profile_data":{}}`
	wantProblem(t, "in bulk", s.Post(t, donny, "/operator/profile/create-bulk", `{"profiles":[`+fmt.Sprintf(item, 2)+`,`+fmt.Sprintf(item, 1)+`]}`),
		409, "profile_exists", "/profiles/1/app_id profile_exists")
	s.Get(t, donny, "/user/profiles/2").WantJSON(200, `{"profiles":[]}`)
	s.Get(t, donny, "/user/profiles/1").Is(map[string]any{"profiles.0.profile_data": map[string]any{"n": 1}, "profiles.0.version": 1})
}

func TestEveryBadItemOfABulkRequestIsNamed(t *testing.T) {
	s := serve(t)
	donny, donnyID := signIn(t, s, "donny")
	_, xiaID := signIn(t, s, "xia")
	s.Post(t, donny, "/user/profiles/create", `{"app_id":2,"profile_data":{}}`).Want(201)
	good := func(user string, app int) string {
		return fmt.Sprintf(`{"user_id":"%s","app_id":%d,"profile_data":{}}`, user, app)
	}
	a := s.Post(t, donny, "/operator/profile/create-bulk", `{"profiles":[`+strings.Join([]string{
		good(donnyID, 1), good(unknownID, 1), `{"app_id":"1","user_id":"x"}`, good(donnyID, 2), good(xiaID, 1), `7`, good(strings.ToUpper(xiaID), 1), good(xiaID, 2),
	}, ",")+`]}`)
	wantProblem(t, "bulk", a, 422, "user_not_found", "/profiles/1/user_id user_not_found", "/profiles/2/app_id wrong_type", "/profiles/2/user_id invalid_id",
		"/profiles/2/profile_data required", "/profiles/3/app_id profile_exists", "/profiles/5 wrong_type", "/profiles/6/user_id duplicate_in_request")
	a.Is(map[string]any{"errors.0.index": 1, "errors.4.index": 3, "errors.6.index": 6})
	if what := a.Text("errors.6.detail"); !strings.Contains(what, "item 4") {
		t.Errorf("the first of two alike is not named: %s", what)
	}
	s.Get(t, donny, "/user/profiles/1").WantJSON(200, `{"profiles":[]}`)

	for _, n := range []int{2, 13, 60} {
		items := make([]string, n)
		for i := range items {
			items[i] = good(xiaID, 1)
		}
		a := s.Post(t, donny, "/operator/profile/create-bulk", `{"profiles":[`+strings.Join(items, ",")+`]}`).Want(422)
		if v, _ := a.At(fmt.Sprintf("errors.%d.code", n-2)); v != "duplicate_in_request" {
			t.Errorf("%d alike: %s", n, a.Body)
		}
	}
}

func TestBodyOverTheLimitIsTooLarge(t *testing.T) {
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	blanks := strings.Repeat(" ", 1<<20)
	wantProblem(t, "own", s.Post(t, donny, "/user/profiles/create", `{"app_id":1,"profile_data":{`+blanks+`}}`), 413, "too_large")

	more := make([]byte, 64<<20)
	for i := range more {
		more[i] = ' '
	}
	copy(more, `{"profiles":[]`)
	for _, length := range []int64{int64(len(more)) + 1, -1} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/operator/profile/create-bulk",
			struct{ *strings.Reader }{strings.NewReader(string(more) + "}")})
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		req.Header.Set("Authorization", "Bearer "+donny)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var p struct {
			Status int
			Detail string
		}
		err = json.NewDecoder(resp.Body).Decode(&p)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 413 || p.Status != 413 || !strings.Contains(p.Detail, "67108864 bytes") {
			t.Errorf("length %d: %d, %+v, %v", length, resp.StatusCode, p, err)
		}
	}
	more[len(more)-1] = '}'
	s.Post(t, donny, "/operator/profile/create-bulk", more).Want(201)
}

func TestOneOfManyCreatesAtOnce(t *testing.T) {
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	var all sync.WaitGroup
	answers := make(chan int, 8)
	for range cap(answers) {
		all.Go(func() {
			answers <- s.Post(t, donny, "/user/profiles/create", `{"app_id":1,"profile_data":{}}`).Status
		})
	}
	all.Wait()
	close(answers)
	count := map[int]int{}
	for status := range answers {
		count[status]++
	}
	if count[201] != 1 || count[409] != 7 {
		t.Errorf("answers %v", count)
	}
}

func TestASectionIsTheOperatorsAlsoWhereTheDocumentWasNoObject(t *testing.T) {
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	xia, xiaID := signIn(t, s, "xia")
	s.Patch(t, donny, "/operator/app/1", `{"any_json":true}`).Want(200)
	s.Post(t, xia, "/user/profiles/create", `{"app_id":1,"profile_data":[1]}`).Want(201)
	s.Patch(t, donny, "/operator/app/1", `{"any_json":false,"sections":{"score":"app"}}`).Want(200)
	wantProblem(t, "a section", s.Put(t, xia, "/user/profiles/1", `{"score":7}`), 403, "section_forbidden", "/score section_forbidden")
	s.Put(t, xia, "/user/profiles/1", `{"theme":"dark"}`).Want(200)
	s.Put(t, donny, "/operator/users/profile/"+xiaID+"/1", `{"score":7}`).Want(200)
}
