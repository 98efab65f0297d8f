package entity_test

import (
	"fmt"
	"strings"
	"testing"

	"facet/internal/directory"
	"facet/internal/facetest"
)

// people makes a few users; the demo's own have no gender.
func people(t *testing.T) service {
	t.Helper()
	s := start(t)
	for _, attributes := range []string{
		`{"givenName":"Ada","gender":"female","birthday":"1985-12-10","email":"ada@example.com","primaryAddress":{"company":"Akamai","country":"US"},"clients":[{"clientId":"c1"}],"aboutMe":"d'oh \\ \"q\""}`,
		`{"givenName":"Bea","gender":"female","email":"demo@janrain.com","primaryAddress":{"company":"Akamai","country":"DE"}}`,
		`{"givenName":"Cal","gender":"male","birthday":"2013-01-02","emailVerified":"2013-05-23 17:00:00.123456 +0000","profiles":[{"domain":"x","identifier":"i1"}]}`,
		`{"givenName":"dan","gender":"Male","birthday":"2000-01-02","emailVerified":"2001-01-01","currentLocation":"x"}`,
	} {
		s.create(t, attributes)
	}
	return s
}

func names(t *testing.T, a facetest.Answer) string {
	t.Helper()
	var out []string
	for i := 0; ; i++ {
		v, ok := a.At(fmt.Sprintf("results.%d.givenName", i))
		if !ok {
			return strings.Join(out, " ")
		}
		out = append(out, fmt.Sprint(v))
	}
}

func TestFilters(t *testing.T) {
	s := people(t)
	lowest := number(s.ok(t, "entity.find", "type_name", "user", "filter", "givenName='Ada'"), "results.0.id")
	for _, c := range []struct{ filter, want string }{
		// as documented
		{"birthday is not null", "Ada Cal dan"},
		{"gender != 'male'", "Ada Bea"},
		{"gender='male' and birthday>'2012-06-13 18:02:56.012122 +0000'", "Cal"},
		{`gender="male" and birthday > "2012-06-13 18:02:56.012122 +0000"`, "Cal"},
		{"email = 'demo@janrain.com' and birthday is null", "Bea"},
		{"currentLocation='x' or profiles.domain='x'", "Cal dan"},
		{"primaryAddress.company='Akamai' and primaryAddress.country='US'", "Ada"},
		{"lastUpdated > '2000-01-01' and gender is not null", "Ada Bea Cal dan"},
		{"id>'" + lowest + "' and gender is not null", "Bea Cal dan"},
		{"uuid>'0000' and gender='female'", "Ada Bea"},
		{"email is not null and id > " + lowest, "Bea"},
		{"id >= " + lowest + " and clients is not null", "Ada"},
		{"clients is not null", "Ada"},
		{"((gender = 'male') AND (birthday >= '2000-01-02 03:04:05 +0000')) AND (emailVerified is not null)", "Cal"},
		{"lastUpdated >= '2016-01-01' and gender='female'", "Ada Bea"},
		{"emailVerified = '2013-05-23 10:00:00.123456789 -0700'", "Cal"},
		// spelling
		{"(gender='female')AND(birthday is null)", "Bea"},
		{"not (gender = 'female') and gender is not null", "Cal dan"},
		{"! (gender = 'female') and gender is not null", "Cal dan"},
		{`aboutMe = 'd\'oh \\ "q"'`, "Ada"},
		{"gender IS NOT NULL And birthday Is Null", "Bea"},
		{"email='ADA@EXAMPLE.COM'", "Ada"},
		{"gender = 'male' or gender = 'female' and birthday is null", "Bea Cal dan"},
		{"givenName < 'c' and gender is not null", "Ada Bea"},
		{"id = " + lowest, "Ada"},
		{"created <= '2026-01-31 12:00:00' and givenName='Bea'", "Bea"},
		{"gender='nobody'", ""},
		// dates in the forms of the data types page
		{"emailVerified = '2013-05-23T17:00:00.123456Z'", "Cal"},
		{"emailVerified = 'May 23, 2013 10:00:00.123456 -0700'", "Cal"},
		{"emailVerified = '05-23-13 5:00:00.123456pm'", "Cal"},
		{"birthday = '2 Jan 2013' or birthday = '12/10/1985'", "Ada Cal"},
		// numbers quoted or not, attributes with one another, paths, nulls
		{"id >= '" + lowest + "' and gender is not null and id >= " + lowest + ".0", "Ada Bea Cal dan"},
		{"birthday < emailVerified and gender is not null", "Cal dan"},
		{"primaryAddress is not null and profiles is null", "Ada Bea"},
		{"profiles.identifier != 'i2'", "Cal"},
		{"familyName is null and givenName >= 'C' and gender is not null", "Cal dan"},
		{"givenName='ada'or(givenName=\"DAN\")", "Ada dan"},
		{"not(birthday is null)and gender='female'", "Ada"},
	} {
		t.Run(c.filter, func(t *testing.T) {
			a := s.ok(t, "entity.find", "type_name", "user", "filter", c.filter, "show_total_count", "true")
			if got := names(t, a); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			n := len(strings.Fields(c.want))
			a.Is(map[string]any{"result_count": n, "total_count": n})
			s.ok(t, "entity.count", "type_name", "user", "filter", c.filter).Is(map[string]any{"total_count": n})
		})
	}
}

func TestPages(t *testing.T) {
	s := people(t)
	only := []string{"type_name", "user", "filter", "gender is not null"}
	for _, c := range []struct {
		args string
		want string
	}{
		{"", "Ada Bea Cal dan"},
		{"max_results=2", "Ada Bea"},
		{"max_results=2&first_result=1", "Bea Cal"},
		{"first_result=0", "Ada Bea Cal dan"},
		{"first_result=3&max_results=10000", "dan"},
		{"first_result=4", ""},
		{`sort_on=["id"]`, "Ada Bea Cal dan"},
		{`sort_on=["-id"]&max_results=3`, "dan Cal Bea"},
		{`sort_on=[]`, "Ada Bea Cal dan"},
		{`sort_on=["-givenName"]`, "dan Cal Bea Ada"},
		{`sort_on=["primaryAddress.country","-id"]&filter=primaryAddress.company='akamai'`, "Bea Ada"},
		{`timeout=120&application_id=x`, "Ada Bea Cal dan"},
	} {
		t.Run(c.args, func(t *testing.T) {
			args := append([]string{}, only...)
			for pair := range strings.SplitSeq(c.args, "&") {
				if name, value, ok := strings.Cut(pair, "="); ok && name == "filter" {
					args[3] = value
				} else if ok {
					args = append(args, name, value)
				}
			}
			a := s.ok(t, "entity.find", args...)
			if got := names(t, a); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			if _, ok := a.At("total_count"); ok {
				t.Errorf("total_count without being asked: %s", a.Body)
			}
		})
	}
	s.ok(t, "entity.find", append(only, "max_results", "1", "show_total_count", "true")...).Is(map[string]any{"result_count": 1, "total_count": 4})
}

func TestFoundAttributes(t *testing.T) {
	s := people(t)
	a := s.ok(t, "entity.find", "type_name", "user", "filter", "givenName='Ada'", "attributes", `["givenName","primaryAddress.company"]`)
	if want := `{"result_count":1,"results":[{"givenName":"Ada","primaryAddress":{"company":"Akamai"}}],"stat":"ok"}`; string(a.Body) != want {
		t.Errorf("got %s", a.Body)
	}
	whole := s.ok(t, "entity.find", "type_name", "user", "filter", "givenName='Ada'")
	record, _ := s.user(t, whole.Text("results.0.uuid")).At("result")
	whole.Is(map[string]any{"results.0": record})
}

func TestAnAnswerOfManyRecordsIsWhole(t *testing.T) {
	s := start(t)
	for i := range 120 {
		s.create(t, fmt.Sprintf(`{"gender":"many","aboutMe":"%d %s"}`, i, strings.Repeat("x", 2000)))
	}
	a := s.ok(t, "entity.find", "type_name", "user", "filter", "gender='many'", "max_results", "1000")
	a.Is(map[string]any{"result_count": 120, "stat": "ok"})
	v, _ := a.At("results")
	if got := len(v.([]any)); got != 120 {
		t.Errorf("%d results", got)
	}
	s.ok(t, "entity.find", "type_name", "user", "filter", "gender='many'").Is(map[string]any{"result_count": 100})
}

func TestCountOfAllRecords(t *testing.T) {
	s := start(t)
	before := number(s.ok(t, "entity.count", "type_name", "user"), "total_count")
	s.create(t, `{}`)
	after := s.ok(t, "entity.count", "type_name", "user", "filter", "")
	if before != "5" || string(after.Body) != `{"total_count":6,"stat":"ok"}` {
		t.Errorf("%s then %s", before, after.Body)
	}
}

func TestAnAnswerIsNoLargerThanItsLimit(t *testing.T) {
	s := start(t)
	long := strings.Repeat("x", 900_000)
	const records = directory.MaxAnswer/900_000 + 1
	for i := range records {
		s.create(t, fmt.Sprintf(`{"givenName":"n%02d","gender":"g%d","aboutMe":"%02d%s"}`, i, i%2, i, long))
	}
	for _, args := range [][]string{{}, {"sort_on", `["givenName"]`}, {"sort_on", `["-givenName"]`}, {"sort_on", `["gender"]`}, {"filter", "gender != 'other'"}} {
		args = append([]string{"type_name", "user"}, args...)
		wantError(t, s.call(t, "entity.find", args...), 200, "invalid_argument", "argument_name", "max_results")
		s.ok(t, "entity.find", append(args, "max_results", "3", "first_result", "5")...).Is(map[string]any{"result_count": 3})
	}
	values := []string{"type_name", "user", "attribute_path", "aboutMe"}
	wantError(t, s.call(t, "entity.attributeValues", values...), 200, "invalid_argument", "argument_name", "max_results")
	s.ok(t, "entity.attributeValues", append(values, "max_results", "3")...).Is(map[string]any{"result_count": 3})
}
