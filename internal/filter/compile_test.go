package filter

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"
)

var now = time.Date(2020, 5, 17, 12, 0, 0, 0, time.UTC)

// documented is the type that the published examples of filters suppose.
func documented(t testing.TB) *schema.Type {
	no := false
	query := []string{"query"}
	text := func(name string) schema.AttrDef {
		return schema.AttrDef{Name: name, Type: "string", CaseSensitive: &no}
	}
	typ, err := schema.Compile("user", []schema.AttrDef{
		text("gender"), text("registeredOnSite"), text("description"),
		{Name: "email", Type: "string", CaseSensitive: &no, Constraints: []string{"unique"}},
		{Name: "code", Type: "string", Features: query},
		{Name: "birthday", Type: "date"}, {Name: "emailVerified", Type: "dateTime"}, {Name: "seen", Type: "dateTime", Features: query},
		{Name: "age", Type: "integer", Features: query}, {Name: "score", Type: "decimal"}, {Name: "active", Type: "boolean"},
		{Name: "ip", Type: "ipAddress"}, {Name: "display", Type: "json"}, {Name: "password", Type: "password"},
		{Name: "primaryAddress", Type: "object", AttrDefs: []schema.AttrDef{text("company"), text("country")}},
		{Name: "logins", Type: "plural", AttrDefs: []schema.AttrDef{{Name: "domain", Type: "string", Features: query}, {Name: "at", Type: "dateTime"}}},
		{Name: "clients", Type: "plural", AttrDefs: []schema.AttrDef{text("clientId")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func record(id int64, attrs string) *Record {
	return &Record{ID: id, UUID: profile.ID{15: byte(id)}, Attrs: []byte(attrs),
		Created: time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC), Updated: time.Date(2016, 1, 1, 0, 0, 0, 1000, time.UTC)}
}

func mustCompile(t testing.TB, src string, typ *schema.Type) *Program {
	t.Helper()
	tree, err := ParseEntity(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	p, err := Compile(tree, typ, now)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return p
}

func TestMatchSelectsWhatTheDocumentsSay(t *testing.T) {
	typ := documented(t)
	const (
		ann = `{"active":true,"age":30,"birthday":"2012-06-14","clients":[{"clientId":"c","id":8}],"email":"demo@janrain.com","emailVerified":"2015-11-15 01:58:01 +0000","gender":"Female","logins":[{"domain":"x","id":9},{"domain":"y","id":10}],"primaryAddress":{"company":"Akamai","country":"US"}}`
		bob = `{"age":25,"birthday":"2012-06-13","display":{},"gender":"male","ip":"9.0.0.1","registeredOnSite":"x","score":12345678901234567890.10}`
		eva = `{}`
	)
	for src, want := range map[string]string{
		`birthday is not null`:  "ann bob",
		`gender != 'male'`:      "ann", // the documents: "female users only"
		`not (gender = 'male')`: "ann", // unknown stays unknown
		`gender = 'FEMALE'`:     "ann",
		`gender='male' and birthday>'2012-06-13 18:02:56.012122 +0000'`: "",
		`birthday>'2012-06-13 18:02:56.012122 +0000'`:                   "ann",
		`birthday>="2012-06-13"`:                                        "ann bob",
		`age > 25 and age < 50 and gender='female'`:                     "ann",
		`age >= '25'`: "ann bob",
		`25 < age`:    "ann",
		`age > 24.99`: "ann bob",
		`email = 'demo@janrain.com' and birthday is null`: "",
		`registeredOnSite='x' or logins.domain='x'`:       "ann bob",
		`logins.domain = 'Y'`:                             "",
		`logins.domain != 'x'`:                            "ann", // any element
		`not (logins.domain = 'z')`:                       "ann bob eva",
		`logins.at is null`:                               "ann bob eva",
		`logins.domain is null`:                           "bob eva",
		`logins.id = 10`:                                  "ann",
		`primaryAddress.company='Akamai' and primaryAddress.country='US'`: "ann",
		`primaryAddress is null`:                              "bob eva",
		`lastUpdated > '2000-01-01'`:                          "ann bob eva",
		`lastUpdated >= '2016-01-01'`:                         "ann bob eva",
		`lastUpdated = '2016-01-01 00:00:00.000001 +0000'`:    "ann bob eva",
		`lastUpdated < '2015-12-31 17:00:00.000001999 -0700'`: "",
		`created < lastUpdated`:                               "ann bob eva",
		`lastUpdated > emailVerified`:                         "ann",
		`lastUpdated < 'today'`:                               "ann bob eva",
		`id>'0'`:                                              "ann bob eva",
		`id > 1 and id <= 2`:                                  "bob",
		`id != 2`:                                             "ann eva",
		`id > 1.5 and id < 2.5`:                               "bob",
		`id < -1e400 or id > 1e400 or id = 1.5`:               "",
		`id = 0003 or id = '+2'`:                              "bob eva",
		`uuid>'0000…'`:                                        "", // the sign of omission stands after every digit
		`uuid > '0000'`:                                       "ann bob eva",
		`uuid = '00000000-0000-0000-0000-000000000002'`:       "bob",
		`email is not null and id > 0`:                        "ann",
		`clients is not null`:                                 "ann",
		`clients is null`:                                     "bob eva",
		`description is not null`:                             "",
		`((gender = 'female') AND (birthday >= '2000-01-02 03:04:05 +0000')) AND (emailVerified is not null)`: "ann",
		`score = 12345678901234567890.1`:            "bob",
		`score < 12345678901234567890.11`:           "bob",
		`score = 12345678901234567890`:              "",
		`ip < '10.0.0.0'`:                           "bob",
		`display is not null`:                       "bob",
		`active`:                                    "ann",
		`not active`:                                "",
		`active = 'TRUE'`:                           "ann",
		`(age > 25) = active`:                       "ann",
		`(age > 25) = 'false'`:                      "bob",
		`(age > 25) is null`:                        "eva",
		`gender = null or gender != null`:           "",
		`1=1`:                                       "ann bob eva",
		`'a' > 'b' or 1.0 = '1' and true = 'false'`: "",
		`true and not null is not null`:             "ann bob eva",
		``:                                          "ann bob eva",
		`email = gender or logins.domain = registeredOnSite`: "",
		`age = id`: "",
	} {
		tree, err := ParseEntity(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		p, err := Compile(tree, typ, now)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		var got []string
		for i, r := range []struct{ name, attrs string }{{"ann", ann}, {"bob", bob}, {"eva", eva}} {
			if p.Match(record(int64(i+1), r.attrs)) {
				got = append(got, r.name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", src, got, want)
		}
	}
}

func TestPasswordsAreAskedForButNotCompared(t *testing.T) {
	typ := documented(t)
	r := record(1, `{}`)
	r.Password = true
	if !mustCompile(t, `password is not null`, typ).Match(r) || mustCompile(t, `password is null`, typ).Match(r) {
		t.Error("a password that is set is null")
	}
	if r.Password = false; mustCompile(t, `password is not null`, typ).Match(r) {
		t.Error("a password that is not set is not null")
	}
}

func TestCompileRefusesWhatMakesNoSense(t *testing.T) {
	typ := documented(t)
	for src, want := range map[string]string{
		`nosuch = 1`:                    "unknown_attribute nosuch",
		`primaryAddress.nosuch is null`: "unknown_attribute primaryAddress.nosuch",
		`gender.x = null`:               "unknown_attribute gender.x",
		`1 = 1 or nosuch`:               "unknown_attribute nosuch",
		`age > 'old'`:                   "invalid filter: age is a number: it cannot be compared with 'old'",
		`age > true`:                    "invalid filter: age is a number",
		`id>'{0}'`:                      "invalid filter: id is a number",
		`birthday > 'yesteryear'`:       "invalid filter: birthday is a date or time",
		`created > 'x'`:                 "invalid filter: created is a date or time",
		`active = 1`:                    "invalid filter: active is true or false",
		`ip = '::1'`:                    "invalid filter: ip is an IPv4 address",
		`uuid = 'abc'`:                  "invalid filter: uuid is a uuid",
		`display = '{}'`:                "invalid filter: display is of type json: only is null",
		`clients = 'x'`:                 "invalid filter: clients is of type plural",
		`password = 'x'`:                "invalid filter: password is of type password",
		`not age > 25`:                  "invalid filter: not binds tighter than comparisons and age is not true or false: write not (…)",
		`gender`:                        "invalid filter: gender is not a condition",
		`'x' and active`:                "invalid filter: 'x' is not a condition",
		`age = 25 = 3`:                  "invalid filter: 3 is not a condition",
		`(age = 25) = gender`:           "invalid filter: gender is not a condition",
		`age = gender`:                  "invalid filter: age is a number and gender is a text: they cannot be compared",
		`1 = 'x'`:                       "invalid filter: 1 and 'x' cannot be compared",
		`true = 1`:                      "invalid filter: true and 1 cannot be compared",
		`age = '` + strings.Repeat("x", 200) + `'`: strings.Repeat("x", 50) + "…",
	} {
		tree, err := ParseEntity(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		p, err := Compile(tree, typ, now)
		if p != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v; want %q", src, p, err, want)
		}
		if e := profile.AsError(err); err != nil && (e.Kind == profile.Unknown) == (e.Field == "filter") {
			t.Errorf("%s: kind %d with field %q", src, e.Kind, e.Field)
		}
	}
}

func TestARestrictedTypeHidesItsAttributesFromFilters(t *testing.T) {
	typ, err := documented(t).Restrict([]schema.Path{{{Name: "gender"}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Compile(Compare{Equal, Path{"email"}, Text("x")}, typ, now)
	if !profile.IsCode(err, profile.CodeUnknownAttribute) {
		t.Errorf("got %v", err)
	}
	mustCompile(t, `gender = 'x' and id > 1`, typ)
}

func TestPlanFindsTheIndexThatAnswers(t *testing.T) {
	typ := documented(t)
	const end = math.MaxInt64
	key := func(path, literal string) string {
		p, _ := schema.ParsePath(path)
		a, _ := typ.Attr(p)
		k, err := a.IndexValue(literal, now)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	last := strings.Repeat("\U0010FFFF", 50) // any value that begins so
	for src, want := range map[string]string{
		``:                              "scan",
		`gender = 'male'`:               "scan", // not indexed
		`age != 25`:                     "scan",
		`age is null`:                   "scan",
		`not (age = 25)`:                "scan",
		`age = 25 or gender = 'x'`:      "scan",
		`age = 25 or code = 'x'`:        "scan",
		`active or id > 3`:              "scan",
		`id = 1 and id = 2`:             "empty",
		`id = 1.5`:                      "empty",
		`age = null`:                    "empty",
		`1 = 2 or id > 3 and 'a' = 'b'`: "empty",
		`age > 5 and age < 4`:           "empty",
		`uuid = '00000000-0000-0000-0000-000000000001' and uuid = '00000000-0000-0000-0000-000000000002'`: "empty",
		`id > 17`:                                    fmt.Sprint("18..", end),
		`id >= 17 and clients is not null`:           fmt.Sprint("17..", end),
		`id > 17 and id < 20`:                        "18..19",
		`20 > id and id > 17.5`:                      "18..19",
		`id != 5`:                                    fmt.Sprint(math.MinInt64, "..4 6..", end),
		`id = 9 or id = 3 or id = 4`:                 "3..4 9..9",
		`(id < 5 or id > 8) and id > 3 and id != 10`: fmt.Sprint("4..4 9..9 11..", end),
		`uuid = '00000000-0000-0000-0000-000000000002' or uuid = '00000000-0000-0000-0000-000000000001'`: "[00000000-0000-0000-0000-000000000001 00000000-0000-0000-0000-000000000002]",
		`email = 'A@B.c'`: "email=! a@b.c..a@b.c",
		`age > 25 and age <= 50 and code = 'X' and email='q'`: "email=! q..q code= X..X age " + key("age", "25") + "\x01.." + key("age", "50"),
		`seen > '2016-01-01'`:                         "seen 2016-01-01 00:00:00.000000\x01..",
		`code = 'b' or code = 'a' or code = 'b'`:      "code= a..a b..b",
		`code = 'b' or code > 'a'`:                    "code a\x01..",
		`code <= ''`:                                  "code ..\x01",
		`code = ''`:                                   "code= ..\x01",
		`1 = 2 or age = 25`:                           "age= " + key("age", "25") + ".." + key("age", "25"),
		`logins.domain > 'b' and logins.domain < 'a'`: "logins.domain b\x01.. logins.domain ..`" + last, // different elements may
		`code < 'b\u0001'`:                            "code ..b",
		`code < '\u0001'`:                             "code ..\x01",
		`code < '\ue000'`:                             "code ..\uD7FF" + last,
		`code < ''`:                                   "empty",
		`age is not null`:                             "age ..",
		`id > 4 and code = 'a'`:                       fmt.Sprint("5..", end, " code= a..a"),
		`code = '` + strings.Repeat("x", 300) + `'`:   "code= " + strings.Repeat("x", 200) + ".." + strings.Repeat("x", 200),
	} {
		plan := mustCompile(t, src, typ).Plan(func(path string) bool {
			p, _ := schema.ParsePath(path)
			a, _ := typ.Attr(p)
			return a.IsIndexed()
		})
		if got := show(plan); got != want {
			t.Errorf("%s\n got %q\nwant %q", src, got, want)
		}
	}
}

func show(p Plan) string {
	switch {
	case p.IsEmpty():
		return "empty"
	case p.IsScan():
		return "scan"
	}
	var out []string
	for _, n := range p.Numbers {
		if n != everything {
			out = append(out, fmt.Sprintf("%d..%d", n.Low, n.High))
		}
	}
	if p.UUIDs != nil {
		out = append(out, fmt.Sprint(p.UUIDs))
	}
	for _, s := range p.Sources {
		name := s.Path
		if s.Equal {
			name += "="
		}
		if s.Unique {
			name += "!"
		}
		out = append(out, name)
		for _, r := range s.Ranges {
			out = append(out, r.Low+".."+r.High)
		}
	}
	return strings.Join(out, " ")
}

func TestHostileFiltersCompileAndPlanInBoundedTime(t *testing.T) {
	typ := documented(t)
	for _, term := range []string{"id!=%d and ", "id=%d or ", "code='%d' or ", "logins.domain>'%d' and ", "id>1e%d and ", "(id!=%d or active) and "} {
		var b strings.Builder
		for i := 1; b.Len() < MaxLength-100; i++ {
			fmt.Fprintf(&b, term, i*2)
		}
		src := b.String() + "id>0"
		start := time.Now()
		p := mustCompile(t, src, typ)
		p.Plan(func(string) bool { return true })
		p.Match(record(1, `{}`))
		if d := time.Since(start); d > time.Minute { // what grows without bound takes hours
			t.Errorf("%.30s…: %v", src, d)
		}
	}
}

// about400 is a stored record of some 400 bytes.
const about400 = `{"aboutMe":"Likes long walks and short filters.","age":31,"birthday":"1984-03-12","display":{"theme":"dark","columns":["name","email"]},"displayName":"Alice Cooper","email":"alice@localhost.localdomain","emailVerified":"2015-11-15 01:58:01 +0000","gender":"female","logins":[{"at":"2015-11-15 01:58:01 +0000","domain":"x","id":17}],"primaryAddress":{"city":"Detroit","company":"Akamai","country":"US"}}`

func TestMatchDoesNotAllocate(t *testing.T) {
	typ := documented(t)
	r := record(1, about400)
	for _, src := range []string{`gender = 'male' and birthday > '1980-01-01'`, `logins.domain = 'x' and id > 0`, `uuid > '00000000-0000-0000-0000-000000000002' or lastUpdated > '2020-01-01'`, `primaryAddress.country is not null`} {
		p := mustCompile(t, src, typ)
		if n := testing.AllocsPerRun(100, func() { p.Match(r) }); n != 0 {
			t.Errorf("%s: %v allocations", src, n)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	typ := documented(b)
	r := record(1, about400)
	for _, c := range []struct{ name, src string }{
		{"two", `gender = 'female' and birthday > '1980-01-01'`},
		{"three", `age > 25 and age < 50 and gender = 'female'`},
		{"plural", `registeredOnSite = 'x' or logins.domain = 'x'`},
		{"object", `primaryAddress.company = 'Akamai' and primaryAddress.country = 'US'`},
		{"number", `id > 17`},
	} {
		p := mustCompile(b, c.src, typ)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Match(r)
			}
		})
	}
}
