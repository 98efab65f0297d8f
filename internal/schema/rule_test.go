package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"

	"pgregory.net/rapid"
)

const ruled = `[{"name":"s","type":"string","length":20},{"name":"t","type":"string"},{"name":"i","type":"integer"},{"name":"d","type":"decimal"},{"name":"day","type":"date"},{"name":"b","type":"boolean"},
 {"name":"pw","type":"password"},
 {"name":"o","type":"object","attr_defs":[{"name":"s","type":"string"},{"name":"in","type":"object","attr_defs":[{"name":"s","type":"string"}]}]},
 {"name":"p","type":"plural","attr_defs":[{"name":"s","type":"string"},{"name":"n","type":"integer"}]}]`

// withRules compiles the ruled attributes with rules: attributes (joined by
// ","), definition, attributes, definition …
func withRules(t testing.TB, pairs ...string) (*schema.Type, error) {
	t.Helper()
	defs, err := schema.ParseDefs([]byte(ruled))
	if err != nil {
		t.Fatal(err)
	}
	d := schema.TypeDef{Name: "thing", AttrDefs: defs}
	for i := 0; i < len(pairs); i += 2 {
		d.Properties = append(d.Properties, schema.Property{Kind: schema.RuleProperty, Attributes: strings.Split(pairs[i], ","), Definition: json.RawMessage(pairs[i+1])})
	}
	return schema.CompileDef(d)
}

func mustRules(t testing.TB, pairs ...string) *schema.Type {
	t.Helper()
	typ, err := withRules(t, pairs...)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func entityEnv() schema.Env {
	e := env()
	e.Now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e.Required = true
	return e
}

func TestEveryRule(t *testing.T) {
	for _, tc := range []struct{ attribute, rule, good, bad string }{
		{"s", `{"match":"b+"}`, `"abbc"`, `"ac"`},
		{"s", `{"match":"^Z"}`, `"Zoë"`, `"aZ"`},
		{"s", `{"match-all":"[a-zA-Z]*"}`, `"Bob"`, `"Bob1"`},
		{"s", `{"match-all":"a|b"}`, `"b"`, `"ab"`},
		{"s", `{"match-all":"(?i)x\\d"}`, `"X7"`, `"x77"`},
		{"s", `{"min-length":3}`, `"äöü"`, `"äö"`},
		{"s", `{"max-length":3}`, `"äöü"`, `"äöüß"`},
		{"i", `{"less-than":10}`, `9`, `10`},
		{"i", `{"less-than":-1}`, `-2`, `0`},
		{"i", `{"greater-than":12345678901234567890}`, `12345678901234567891`, `12345678901234567890`},
		{"d", `{"greater-than":0}`, `0.001`, `0.0`},
		{"s", `"required"`, `""`, `null`},
		{"b", `"required"`, `false`, `null`},
		{"day", `{"min-age":18}`, `"2008-03-01"`, `"2008-03-02"`},
		{"day", `{"min-age":18}`, `"2008-02-29"`, `"2026-02-29 "`},
		{"i", `{"min-age":18}`, `18`, `17`},
		{"s", `{"and":[{"match-all":"[a-z]*"},{"max-length":2}]}`, `"ab"`, `"abc"`},
		{"s", `{"or":[{"match-all":"[0-9]+"},{"max-length":2}]}`, `"123"`, `"abc"`},
		{"s", `{"not":{"match":"x"}}`, `"abc"`, `"axc"`},
		{"s", `{"not":{"or":[{"match":"x"},{"match":"y"}]}}`, `"abc"`, `"ay"`},
		{"s", `{"not":"required"}`, `null`, `"a"`},
		{"s", `{"and":["required",{"match":"a"}]}`, `"a"`, `null`},
		{"o.s", `{"min-length":2}`, `"ab"`, `"a"`},
		{"pw", `{"min-length":8}`, `"12345678"`, `"1234567"`},
		{"pw", `{"match":"[0-9]"}`, `"abc1"`, `"abc"`},
	} {
		typ := mustRules(t, tc.attribute, tc.rule)
		path, _ := schema.ParsePath(tc.attribute)
		for _, value := range []string{tc.good, tc.bad} {
			for _, op := range []string{"create", "update", "replace", "at the path"} {
				document := value
				for _, step := range []string{"s", tc.attribute}[1:] {
					parts := strings.Split(step, ".")
					for i := len(parts) - 1; i >= 0; i-- {
						document = fmt.Sprintf(`{%q:%s}`, parts[i], document)
					}
				}
				var err error
				switch op {
				case "create":
					_, err = typ.Create([]byte(document), entityEnv())
				case "update":
					_, err = typ.Update(nil, nil, []byte(document), entityEnv())
				case "replace":
					_, err = typ.Replace(nil, nil, []byte(document), entityEnv())
				default:
					_, err = typ.Update(nil, path, []byte(value), entityEnv())
				}
				if value == tc.good {
					if err != nil {
						t.Errorf("%s %s of %s: %v", tc.rule, op, value, err)
					}
					continue
				}
				if e := profile.AsError(err); err == nil || e.Code != profile.CodeConstraint && e.Code != profile.CodeDateTime || e.Field != tc.attribute {
					t.Errorf("%s %s of %s: %v", tc.rule, op, value, err)
				}
			}
		}
	}
}

func TestRulesHoldForTheElementsOfPlurals(t *testing.T) {
	typ := mustRules(t, "p.s", `{"and":["to-upper",{"max-length":3},{"default":"none"}]}`, "p.n", `"required"`)
	_, err := typ.Create([]byte(`{"p":[{"s":"abc","n":1},{"s":"abcd","n":2}]}`), entityEnv())
	wantError(t, err, profile.Invalid, profile.CodeConstraint, "p.s")
	_, err = typ.Create([]byte(`{"p":[{"s":"abc"}]}`), entityEnv())
	wantError(t, err, profile.Invalid, profile.CodeConstraint, "p.n")
	typ = mustRules(t, "p.s", `{"and":["to-upper",{"default":"none"}]}`)
	w, err := typ.Update([]byte(`{"p":[{"id":7,"n":1}]}`), nil, []byte(`{"p":[{"id":7,"n":2},{"n":3}]}`), entityEnv())
	if want := `{"p":[{"id":7,"n":2},{"id":101,"n":3,"s":"NONE"}]}`; err != nil || string(w.Attrs) != want {
		t.Errorf("%s, %v\nwant %s", w.Attrs, err, want)
	}
}

func TestTransformsRunBeforeChecksAndConstraints(t *testing.T) {
	for _, tc := range []struct{ rules, op, cur, value, want string }{
		{`"to-lower"`, "create", ``, `{"s":"ÄB"}`, `{"s":"äb"}`},
		{`"to-upper"`, "update", `{"t":"x"}`, `{"s":"äb"}`, `{"s":"ÄB","t":"x"}`},
		{`{"truncate":3}`, "create", ``, `{"s":"äöüß, much more than twenty characters"}`, `{"s":"äöü"}`},
		{`{"truncate":0}`, "create", ``, `{"s":"abc"}`, `{"s":""}`},
		{`{"and":[{"match-all":"[a-z]{2}"},"to-lower",{"truncate":2}]}`, "create", ``, `{"s":"ABC"}`, `{"s":"ab"}`},
		{`{"default":"Hi"}`, "create", ``, `{}`, `{"s":"Hi"}`},
		{`{"default":"Hi"}`, "create", ``, `{"s":null}`, `{"s":"Hi"}`},
		{`{"default":"Hi"}`, "create", ``, `{"s":""}`, `{"s":""}`},
		{`{"default":"Hi"}`, "update", `{"t":"x"}`, `{"t":"y"}`, `{"t":"y"}`},
		{`{"default":"Hi"}`, "update", `{"s":"x"}`, `{"s":null}`, `{"s":"Hi"}`},
		{`{"default":"Hi"}`, "replace", `{"s":"x"}`, `{"t":"y"}`, `{"s":"Hi","t":"y"}`},
		{`{"and":[{"default":"Hi"},"to-lower","required"]}`, "create", ``, `{}`, `{"s":"hi"}`},
		{`"ignore-update"`, "create", ``, `{"s":"first"}`, `{"s":"first"}`},
		{`"ignore-update"`, "update", `{"t":"x"}`, `{"s":"first"}`, `{"s":"first","t":"x"}`},
		{`"ignore-update"`, "update", `{"s":"first"}`, `{"s":"second","t":"y"}`, `{"s":"first","t":"y"}`},
		{`"ignore-update"`, "update", `{"s":"first"}`, `{"s":null}`, `{"s":"first"}`},
		{`"ignore-update"`, "replace", `{"s":"first","t":"x"}`, `{}`, `{"s":"first"}`},
	} {
		typ := mustRules(t, "s", tc.rules)
		var w schema.Written
		var err error
		switch tc.op {
		case "create":
			w, err = typ.Create([]byte(tc.value), entityEnv())
		case "update":
			w, err = typ.Update([]byte(tc.cur), nil, []byte(tc.value), entityEnv())
		case "replace":
			w, err = typ.Replace([]byte(tc.cur), nil, []byte(tc.value), entityEnv())
		}
		if err != nil || string(w.Attrs) != tc.want {
			t.Errorf("%s: %s %s over %s\n got %s, %v\nwant %s", tc.rules, tc.op, tc.value, tc.cur, w.Attrs, err, tc.want)
		}
	}
	inner := mustRules(t, "o.in.s", `{"default":"deep"}`, "o.s", `"ignore-update"`)
	for _, tc := range []struct{ cur, value, want string }{
		{``, `{}`, `{"o":{"in":{"s":"deep"}}}`},
		{`{"o":{"s":"kept"},"t":"x"}`, `{}`, `{"o":{"in":{"s":"deep"},"s":"kept"}}`},
		{`{"o":{"in":{"s":"x"},"s":"kept"}}`, `{"o":null}`, `{"o":{"in":{"s":"deep"},"s":"kept"}}`},
	} {
		w, err := inner.Replace([]byte(tc.cur), nil, []byte(tc.value), entityEnv())
		if err != nil || string(w.Attrs) != tc.want {
			t.Errorf("%s over %s gives %s, %v", tc.value, tc.cur, w.Attrs, err)
		}
	}
}

func TestRequiredIsAskedOfEntityWritesAlone(t *testing.T) {
	typ := mustRules(t, "s", `"required"`)
	_, err := typ.Create([]byte(`{}`), entityEnv())
	wantError(t, err, profile.Invalid, profile.CodeConstraint, "s")
	other := entityEnv()
	other.Required = false
	if _, err := typ.Create([]byte(`{}`), other); err != nil {
		t.Error(err)
	}
	if _, err := typ.Update([]byte(`{"t":"x"}`), nil, []byte(`{"t":"y"}`), entityEnv()); err != nil {
		t.Errorf("a rule added later blocks another change: %v", err)
	}
}

func TestMalformedRulesAreRefused(t *testing.T) {
	deep := strings.Repeat(`{"not":`, 12) + `"required"` + strings.Repeat(`}`, 12)
	many := `{"and":[` + strings.Repeat(`"required",`, 200) + `"required"]}`
	for _, tc := range []struct{ attribute, rule, field string }{
		{"s", ``, "definition"}, {"s", `{`, "definition"}, {"s", `7`, "definition"}, {"s", `null`, "definition"}, {"s", `[]`, "definition"}, {"s", `{}`, "definition"},
		{"s", `"frobnicate"`, "definition"}, {"s", `{"frobnicate":1}`, "definition"}, {"s", `{"max-length":1,"min-length":1}`, "definition"},
		{"s", `{"match":"("}`, "definition"}, {"s", `{"match":7}`, "definition"}, {"s", `"match"`, "definition"}, {"s", `{"match":"(?=x)"}`, "definition"},
		{"s", `{"match":"` + strings.Repeat("a", 1001) + `"}`, "definition"}, {"s", `{"match":"(a{500}){5}b{500}"}`, "definition"}, {"s", `{"match":"a{1001}"}`, "definition"},
		{"s", `{"max-length":-1}`, "definition"}, {"s", `{"max-length":"3"}`, "definition"}, {"s", `{"max-length":1.5}`, "definition"}, {"s", `"max-length"`, "definition"}, {"s", `{"max-length":99999999999999999999}`, "definition"},
		{"i", `{"max-length":1}`, "definition"}, {"s", `{"less-than":1}`, "definition"}, {"i", `{"less-than":"1"}`, "definition"}, {"i", `"less-than"`, "definition"},
		{"b", `{"min-age":1}`, "definition"}, {"day", `{"min-age":1000}`, "definition"}, {"i", `"to-lower"`, "definition"}, {"s", `{"to-lower":1}`, "definition"}, {"s", `{"required":true}`, "definition"},
		{"s", `{"and":[]}`, "definition"}, {"s", `{"or":[]}`, "definition"}, {"s", `{"and":"required"}`, "definition"}, {"s", `"and"`, "definition"}, {"s", `"not"`, "definition"}, {"s", `{"not":[]}`, "definition"},
		{"s", `{"or":["to-lower"]}`, "definition"}, {"s", `{"not":{"and":["to-lower"]}}`, "definition"}, {"s", `{"not":{"default":"x"}}`, "definition"},
		{"i", `{"default":"x"}`, "definition"}, {"s", `{"default":null}`, "definition"}, {"s", `"default"`, "definition"}, {"s", `{"default":"longer than twenty characters"}`, "definition"}, {"pw", `{"default":"x"}`, "definition"},
		{"s", deep, "definition"}, {"s", many, "definition"}, {"o", `"required"`, "attributes"}, {"p", `"required"`, "attributes"}, {"s,s", `"required"`, "attributes"}, {"p#3.s", `"required"`, "attributes"},
	} {
		_, err := withRules(t, tc.attribute, tc.rule)
		if err == nil {
			t.Errorf("%s is taken for %s", tc.rule, tc.attribute)
			continue
		}
		wantError(t, err, profile.Invalid, profile.CodeInvalid, tc.field)
	}
	_, err := withRules(t, "nothing", `"required"`)
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "nothing")
	_, err = withRules(t, "uuid", `"required"`)
	wantError(t, err, profile.Invalid, profile.CodeReservedAttribute, "uuid")
}

// model is a rule beside what it should say of a text, nil being null: kept,
// broken, or unknown.
type model struct {
	text  string
	judge func(s *string) int // 1, -1, 0
}

func drawRule(t *rapid.T, depth int) model {
	leaf := func(text string, ok func(string) bool) model {
		return model{text, func(s *string) int {
			switch {
			case s == nil:
				return 0
			case ok(*s):
				return 1
			}
			return -1
		}}
	}
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	switch n := rapid.IntRange(0, 3).Draw(t, "n"); kind {
	case 0:
		return leaf(fmt.Sprintf(`{"min-length":%d}`, n), func(s string) bool { return len(s) >= n })
	case 1:
		return leaf(fmt.Sprintf(`{"max-length":%d}`, n), func(s string) bool { return len(s) <= n })
	case 2:
		letter := string(rune('a' + n))
		return leaf(fmt.Sprintf(`{"match":%q}`, letter), func(s string) bool { return strings.Contains(s, letter) })
	case 3:
		return model{`"required"`, func(s *string) int {
			if s != nil {
				return 1
			}
			return -1
		}}
	case 4:
		sub := drawRule(t, depth-1)
		return model{`{"not":` + sub.text + `}`, func(s *string) int { return -sub.judge(s) }}
	}
	var subs []model
	var texts []string
	for range rapid.IntRange(1, 3).Draw(t, "rules") {
		m := drawRule(t, depth-1)
		subs, texts = append(subs, m), append(texts, m.text)
	}
	name, best := "and", func(a, b int) int { return min(a, b) }
	if kind == 6 {
		name, best = "or", func(a, b int) int { return max(a, b) }
	}
	return model{`{"` + name + `":[` + strings.Join(texts, ",") + `]}`, func(s *string) int {
		v := subs[0].judge(s)
		for _, m := range subs[1:] {
			v = best(v, m.judge(s))
		}
		return v
	}}
}

func TestAndOrNotFollowThreeValuedLogic(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := drawRule(rt, 3)
		typ, err := withRules(t, "t", m.text)
		if err != nil {
			rt.Fatalf("%s: %v", m.text, err)
		}
		value := "null"
		var s *string
		if rapid.Bool().Draw(rt, "some") {
			text := rapid.StringMatching(`[a-e]{0,5}`).Draw(rt, "text")
			s, value = &text, `"`+text+`"`
		}
		_, err = typ.Update(nil, nil, []byte(`{"t":`+value+`}`), entityEnv())
		if refused := err != nil; refused != (m.judge(s) < 0) {
			rt.Fatalf("%s of %s: %v", m.text, value, err)
		}
	})
}

func FuzzRuleDefinitions(f *testing.F) {
	for _, s := range []string{`"to-lower"`, `{"and": [{"match-all":"[a-zA-Z]*"}, {"max-length":25}]}`, `{"or":[{"not":"required"},{"min-age":18}]}`, `{"default":{"a":[1]}}`, `{"truncate":1e9}`, `{"m\u0061tch":"\ud83d"}`} {
		for _, a := range []string{"s", "i", "day", "p.s"} {
			f.Add(a, s, `"x"`)
		}
	}
	f.Fuzz(func(t *testing.T, attribute, definition, value string) {
		typ, err := withRules(t, attribute, definition)
		if err != nil {
			if profile.AsError(err).Kind == profile.Internal {
				t.Fatalf("%q: %v", definition, err)
			}
			return
		}
		again, err := schema.ParseTypeDef(typ.Definition().Append(nil))
		if err != nil {
			t.Fatalf("%q: %v", definition, err)
		}
		if _, err := schema.CompileDef(again); err != nil {
			t.Fatalf("%q is not taken again: %v", definition, err)
		}
		if _, err := typ.Update(nil, nil, []byte(`{"s":`+value+`}`), entityEnv()); err != nil && profile.AsError(err).Kind == profile.Internal {
			t.Fatalf("%q %q: %v", definition, value, err)
		}
	})
}
