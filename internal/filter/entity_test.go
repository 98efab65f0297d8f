package filter

import (
	"reflect"
	"strings"
	"testing"

	"facet/internal/profile"

	"pgregory.net/rapid"
)

// TestReadsTheDocumentedExamples parses every filter that the published pages
// and the clients' sources print.
func TestReadsTheDocumentedExamples(t *testing.T) {
	for src, want := range map[string]string{
		`birthday is not null`: `birthday is not null`,
		`gender != 'male'`:     `gender != 'male'`,
		`gender='male' and birthday>'2012-06-13 18:02:56.012122 +0000'`:   `gender = 'male' and birthday > '2012-06-13 18:02:56.012122 +0000'`,
		`gender="male" and birthday > "2012-06-13 18:02:56.012122 +0000"`: `gender = 'male' and birthday > '2012-06-13 18:02:56.012122 +0000'`,
		`age > 25 and age < 50 and gender='female'`:                       `age > 25 and age < 50 and gender = 'female'`,
		`email = 'demo@janrain.com' and birthday is null`:                 `email = 'demo@janrain.com' and birthday is null`,
		`registeredOnSite='x' or logins.domain='x'`:                       `registeredOnSite = 'x' or logins.domain = 'x'`,
		`primaryAddress.company='Akamai' and primaryAddress.country='US'`: `primaryAddress.company = 'Akamai' and primaryAddress.country = 'US'`,
		`lastUpdated > '2000-01-01'`:                                      `lastUpdated > '2000-01-01'`,
		`id>'{0}'`:                                                        `id > '{0}'`,
		`uuid>'0000…'`:                                                    `uuid > '0000…'`,
		`email is not null and id > 17`:                                   `email is not null and id > 17`,
		`id > 17 and clients is not null`:                                 `id > 17 and clients is not null`,
		`clients is not null`:                                             `clients is not null`,
		`description is not null`:                                         `description is not null`,
		`lastUpdated >= '2016-01-01'`:                                     `lastUpdated >= '2016-01-01'`,
		`((gender = 'male') AND (birthday >= '2000-01-02 03:04:05 +0000')) AND (emailVerified is not null)`: `(gender = 'male' and birthday >= '2000-01-02 03:04:05 +0000') and emailVerified is not null`,
	} {
		e, err := ParseEntity(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
		} else if e.String() != want {
			t.Errorf("%s\n got %s\nwant %s", src, e, want)
		}
	}
}

func TestPrecedenceIsTheDocumentedOne(t *testing.T) {
	a, b, c, one := Path{"a"}, Path{"b"}, Path{"c"}, Number("1")
	eq := Compare{Equal, a, one}
	for src, want := range map[string]Expr{
		`not age > 25`:         Compare{Greater, Not{Path{"age"}}, Number("25")},
		`!age>25`:              Compare{Greater, Not{Path{"age"}}, Number("25")},
		`not (a = 1)`:          Not{eq},
		`not a is null`:        Not{IsNull{a, false}},
		`not not a`:            Not{Not{a}},
		`! !a`:                 Not{Not{a}},
		`a = b < c`:            Compare{Equal, a, Compare{Less, b, c}},
		`a = b != c`:           Compare{NotEqual, Compare{Equal, a, b}, c},
		`a = (b = c)`:          Compare{Equal, a, Compare{Equal, b, c}},
		`a or b and c`:         Or{[]Expr{a, And{[]Expr{b, c}}}},
		`(a or b) and c`:       And{[]Expr{Or{[]Expr{a, b}}, c}},
		`(a)AND(b)oR(c)`:       Or{[]Expr{And{[]Expr{a, b}}, c}},
		`a=1and b`:             And{[]Expr{eq, b}},
		`a and b and c`:        And{[]Expr{a, b, c}},
		`(a and b) and c`:      And{[]Expr{And{[]Expr{a, b}}, c}},
		`a = b is not null`:    Compare{Equal, a, IsNull{b, true}},
		`a=-1.50e3`:            Compare{Equal, a, Number("-1.50e3")},
		`a = TRUE`:             Compare{Equal, a, Bool(true)},
		`a = Null`:             Compare{Equal, a, Null{}},
		`a.and = null.b-2`:     Compare{Equal, Path{"a", "and"}, Path{"null", "b-2"}},
		`/and`:                 Path{"and"},
		`/a/b.c`:               Path{"a", "b", "c"},
		`contains = 1`:         Compare{Equal, Path{"contains"}, one},
		"\ta\r\n":              a,
		`'it\'s'`:              Text("it's"),
		`"it's"`:               Text("it's"),
		`'a\\b'`:               Text(`a\b`),
		`"\u00e9\ud83d\ude00"`: Text("é😀"),
		`'\n\/'`:               Text("\n/"),
		`''`:                   Text(""),
		`  `:                   nil,
	} {
		got, err := ParseEntity(src)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, %v; want %v", src, got, err, want)
		}
	}
}

func TestRefusesWhatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		src  string
		code profile.Code
		says string
	}{
		{`a =`, profile.CodeSyntax, "ends too early at character 4"},
		{`(a = 1`, profile.CodeSyntax, "not closed at character 1"},
		{`a = 1)`, profile.CodeSyntax, `unexpected ')' at character 6`},
		{`é = ?`, profile.CodeSyntax, `unexpected '?' at character 5`},
		{`a == 1`, profile.CodeSyntax, `unexpected '=' at character 4`},
		{`a = 'x`, profile.CodeSyntax, "closing ' at character 5"},
		{`a = 'x\`, profile.CodeSyntax, "closing ' at character 5"},
		{`a = '\q'`, profile.CodeSyntax, "unknown escape in a string at character 6"},
		{`a = '\ud800x'`, profile.CodeSyntax, "unknown escape"},
		{`a = '\u0000'`, profile.CodeSyntax, "unknown escape"},
		{`a is 1`, profile.CodeSyntax, "expected null after is at character 6"},
		{`a is not`, profile.CodeSyntax, "expected null after is at character 9"},
		{`a b`, profile.CodeSyntax, `unexpected 'b' at character 3`},
		{`a. = 1`, profile.CodeSyntax, `unexpected ' ' at character 3`},
		{`and`, profile.CodeSyntax, "unexpected 'a' at character 1"},
		{`a = 1 and`, profile.CodeSyntax, "ends too early"},
		{"a = '\xff'", profile.CodeSyntax, "not UTF-8"},
		{"a = '\x00'", profile.CodeSyntax, "at character 6"},
		{`email contains 'x'`, profile.CodeContains, "no longer supported"},
		{`not email CONTAINS 'x'`, profile.CodeContains, "no longer supported"},
		{`contains(email, 'x')`, profile.CodeContains, "no longer supported"},
		{strings.Repeat("(", 101) + "a" + strings.Repeat(")", 101), profile.CodeTooLarge, "100 deep"},
		{strings.Repeat("!", 101) + "a", profile.CodeTooLarge, "100 deep"},
		{strings.Repeat("a=", 101) + "a", profile.CodeTooLarge, "100 deep"},
		{strings.Repeat("(", 30000), profile.CodeTooLarge, "100 deep"},
		{strings.Repeat(" ", MaxLength) + "a", profile.CodeTooLarge, "longer than 65536 bytes"},
	} {
		tree, err := ParseEntity(c.src)
		e := profile.AsError(err)
		if tree != nil || err == nil || e.Code != c.code || e.Field != "filter" || !strings.Contains(e.Message, c.says) {
			t.Errorf("%.40q: got %v, %v; want %s %q", c.src, tree, err, c.code, c.says)
		}
	}
}

func TestReadsAsDeepAsTheLimit(t *testing.T) {
	for _, src := range []string{strings.Repeat("(", 100) + "a" + strings.Repeat(")", 100), strings.Repeat("!", 99) + "a"} {
		if _, err := ParseEntity(src); err != nil {
			t.Errorf("%.20s…: %v", src, err)
		}
	}
}

// genTree draws any tree of the grammar.
func genTree(depth int) *rapid.Generator[Expr] {
	return rapid.Custom(func(t *rapid.T) Expr {
		kinds := 10
		if depth == 0 {
			kinds = 5
		}
		child := func(name string) Expr { return genTree(depth-1).Draw(t, name) }
		children := func() (out []Expr) {
			for range rapid.IntRange(2, 4).Draw(t, "terms") {
				out = append(out, child("term"))
			}
			return out
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			name := rapid.StringMatching(`[A-Za-zé_][A-Za-z0-9ü_-]{0,5}|and|NOT|null|contains`)
			return Path(rapid.SliceOfN(name, 1, 3).Draw(t, "path"))
		case 1:
			return Text(rapid.StringMatching(`[^\x00]{0,8}`).Draw(t, "text"))
		case 2:
			return Number(rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?`).Draw(t, "number"))
		case 3:
			return Bool(rapid.Bool().Draw(t, "bool"))
		case 4:
			return Null{}
		case 5:
			return And{children()}
		case 6:
			return Or{children()}
		case 7:
			return Not{child("term")}
		case 8:
			return IsNull{child("operand"), rapid.Bool().Draw(t, "negated")}
		default:
			return Compare{Op(rapid.IntRange(0, 5).Draw(t, "op")), child("left"), child("right")}
		}
	})
}

func TestATreePrintsToTextThatParsesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genTree(5).Draw(t, "tree")
		got, err := ParseEntity(want.String())
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s became %s", want, got)
		}
	})
}

func FuzzParseEntity(f *testing.F) {
	for _, s := range []string{`gender='male' and birthday>'2012-06-13'`, `not (a.b = "x\"")or!c is not null`, `((1<=-2.5e3))`, `a contains 'b'`, "/and/or", `age>25.5e2 and id!=-3 or logins.domain<seen`, `'\ud83d\ude00'`} {
		f.Add(s)
	}
	typ := documented(f)
	f.Fuzz(func(t *testing.T, src string) {
		e, err := ParseEntity(src)
		if err != nil {
			if profile.AsError(err).Field != "filter" {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		if e == nil || len(e.String()) > MaxLength {
			return
		}
		if p, err := Compile(e, typ, now); err == nil { // what compiles runs
			p.Match(record(1, about400))
			p.Plan(func(string) bool { return true })
		}
		again, err := ParseEntity(e.String())
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%q: %s became %v, %v", src, e, again, err)
		}
	})
}
