package schema_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"facet/internal/profile"
	"facet/internal/schema"
)

// env numbers new elements from 101 on and enforces required.
func env() schema.Env {
	n := int64(100)
	return schema.Env{Now: noon, Required: true, NextNumber: func() (int64, error) { n++; return n, nil }}
}

// things has an attribute of every type and constraint.
var things = `[
 {"name":"s","type":"string","length":5},{"name":"i","type":"integer"},{"name":"d","type":"decimal"},{"name":"b","type":"boolean"},
 {"name":"date","type":"date"},{"name":"time","type":"dateTime"},{"name":"ip","type":"ipAddress"},{"name":"j","type":"json"},
 {"name":"pw","type":"password-bcrypt"},
 {"name":"alpha","type":"string","constraints":["alphabetic"]},{"name":"alnum","type":"string","constraints":["alphanumeric"]},
 {"name":"letters","type":"string","constraints":["unicode-letters"]},{"name":"printable","type":"string","constraints":["unicode-printable"]},
 {"name":"mail","type":"string","constraints":["email-address"]},
 {"name":"o","type":"object","attr_defs":[{"name":"need","type":"string","constraints":["required"]},{"name":"free","type":"string"},
   {"name":"deep","type":"object","attr_defs":[{"name":"x","type":"integer"},{"name":"y","type":"integer"}]},
   {"name":"secret","type":"password"}]},
 {"name":"p","type":"plural","attr_defs":[{"name":"bug","type":"string","case-sensitive":false,"constraints":["unique"]},{"name":"n","type":"integer"},
   {"name":"sub","type":"plural","attr_defs":[{"name":"need","type":"string","constraints":["required"]}]},
   {"name":"o","type":"object","attr_defs":[{"name":"v","type":"string"}]}]},
 {"name":"q","type":"plural","attr_defs":[{"name":"key","type":"string","case-sensitive":false,"constraints":["locally-unique"]},
   {"name":"in","type":"plural","attr_defs":[{"name":"key","type":"integer","constraints":["locally-unique"]}]}]}
]`

func TestCreateGivesTheStoredForm(t *testing.T) {
	typ := compile(t, things)
	for _, tc := range []struct{ in, want string }{
		{`{}`, `{}`},
		{` { "s" : "" , "i" : null } `, `{"s":""}`}, // E-30
		{`{"i":100}`, `{"i":100}`},                  // E-32
		{`{"i":-100}`, `{"i":-100}`},                // E-32
		{`{"i":0}`, `{"i":0}`},                      // E-32
		{`{"i":12345678901234567890,"d":1.10}`, `{"d":1.10,"i":12345678901234567890}`},                       // exact
		{`{"d":1E-7,"b":false}`, `{"b":false,"d":1E-7}`},                                                     // exact
		{`{"s":"\u00e9\/\u0041\n\ud83d\ude00"}`, `{"s":"é/A\n😀"}`},                                           // one form of escape; five characters
		{`{"time":"2012-03-12 01:23:45.123000 +0000"}`, `{"time":"2012-03-12 01:23:45.123000 +0000"}`},       // E-27
		{`{"time":"2012-03-12"}`, `{"time":"2012-03-12 00:00:00 +0000"}`},                                    // E-28
		{`{"date":"2012-03-12 01:23:45.123000 +0000"}`, `{"date":"2012-03-12"}`},                             // E-29
		{`{"date":"March 12, 2012 11:59pm -0700"}`, `{"date":"2012-03-12"}`},                                 // the date as written
		{`{"date":"today","time":"now"}`, `{"date":"2024-03-01","time":"2024-03-01 12:34:56.123456 +0000"}`}, //
		{`{"j":"text"}`, `{"j":"text"}`},                                                                     // E-31
		{`{"j":1.50}`, `{"j":1.50}`},                                                                         // E-31
		{`{"j":false}`, `{"j":false}`},                                                                       // E-31
		{`{"j":null}`, `{}`},                                                                                 // E-31: reads as null
		{`{"j":[ 1, {"z":1, "a":null} ]}`, `{"j":[1,{"z":1,"a":null}]}`},                                     // E-31: order kept
		{`{"ip":"192.0.2.1"}`, `{"ip":"192.0.2.1"}`},
		{`{"alnum":"abc123"}`, `{"alnum":"abc123"}`},             // E-22
		{`{"alpha":"abc"}`, `{"alpha":"abc"}`},                   // E-23
		{`{"letters":"\u0393"}`, `{"letters":"Γ"}`},              // E-24
		{`{"printable":"\u2615"}`, `{"printable":"☕"}`},          // E-25
		{`{"printable":"\u202A"}`, "{\"printable\":\"\u202a\"}"}, // E-25
		{`{"mail":"Rδοκιμή123abc.def+ghi@a.abπαράδειγμα.δοκιμή"}`, `{"mail":"Rδοκιμή123abc.def+ghi@a.abπαράδειγμα.δοκιμή"}`}, // E-26
		{`{"o":{"need":"amazon"}}`, `{"o":{"need":"amazon"}}`}, // E-21
		{`{"o":null,"p":[],"q":null}`, `{}`},
		{`{"o":{"need":"a","deep":{"x":null}}}`, `{"o":{"need":"a"}}`},
		{`{"p":[{"n":1,"bug":"ant"},{}]}`, `{"p":[{"bug":"ant","id":101,"n":1},{"id":102}]}`}, // E-18
		{`{"p":[{"sub":[{"need":"x"}],"id":null}]}`, `{"p":[{"id":101,"sub":[{"id":102,"need":"x"}]}]}`},
		{`{"q":[{"key":"a","in":[{"key":1}]},{"key":"b","in":[{"key":1}]}]}`, `{"q":[{"id":101,"in":[{"id":102,"key":1}],"key":"a"},{"id":103,"in":[{"id":104,"key":1}],"key":"b"}]}`},
		{`{"\u0073":"x"}`, `{"s":"x"}`},
	} {
		w, err := typ.Create([]byte(tc.in), env())
		if err != nil || string(w.Attrs) != tc.want {
			t.Errorf("%s\n got %s, %v\nwant %s", tc.in, w.Attrs, err, tc.want)
		}
	}
}

func TestWritesRefuseBadValues(t *testing.T) {
	typ := compile(t, things)
	const invalid = profile.Invalid
	for _, tc := range []struct {
		in    string
		kind  profile.Kind
		code  profile.Code
		field string
	}{
		{`{"s":"x"`, profile.Malformed, profile.CodeSyntax, ""}, // E-02
		{`{"s":"a","s":"b"}`, profile.Malformed, profile.CodeSyntax, ""},
		{`{"s":"\u0000"}`, profile.Malformed, profile.CodeSyntax, ""},
		{`{"j":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, profile.TooLarge, profile.CodeTooLarge, ""},
		{`[]`, invalid, profile.CodeType, ""},
		{`null`, invalid, profile.CodeType, ""},
		{`{"emailer":"x"}`, profile.Unknown, profile.CodeUnknownAttribute, "emailer"}, // E-03
		{`{"o":{"need":"x","nope":1}}`, profile.Unknown, profile.CodeUnknownAttribute, "o.nope"},
		{`{"S":"x"}`, profile.Unknown, profile.CodeUnknownAttribute, "S"},
		{`{"id":5}`, invalid, profile.CodeIDInNew, "id"},
		{`{"uuid":"x"}`, invalid, profile.CodeReservedAttribute, "uuid"},
		{`{"parent_id":1}`, invalid, profile.CodeReservedAttribute, "parent_id"},
		{`{"lastUpdated":"now"}`, invalid, profile.CodeReservedAttribute, "lastUpdated"},
		{`{"created":5}`, invalid, profile.CodeType, "created"},
		{`{"created":"soon"}`, invalid, profile.CodeDateTime, "created"},
		{`{"p":[{"id":7}]}`, invalid, profile.CodeIDInNew, "p.id"},
		{`{"p":[{"parent_id":7}]}`, invalid, profile.CodeReservedAttribute, "p.parent_id"},
		{`{"o":{"need":"x","id":7}}`, invalid, profile.CodeReservedAttribute, "o.id"},
		{`{"s":"sixsix"}`, invalid, profile.CodeLength, "s"},
		{`{"s":5}`, invalid, profile.CodeType, "s"},
		{`{"s":{}}`, invalid, profile.CodeType, "s"},
		{`{"i":1.0}`, invalid, profile.CodeType, "i"},
		{`{"i":1e3}`, invalid, profile.CodeType, "i"},
		{`{"i":"1"}`, invalid, profile.CodeType, "i"},
		{`{"d":false}`, invalid, profile.CodeType, "d"}, // E-19
		{`{"d":1e10000}`, invalid, profile.CodeInvalid, "d"},
		{`{"d":1e-99999999999999999999}`, invalid, profile.CodeInvalid, "d"},
		{`{"i":1` + strings.Repeat("0", 1000) + `}`, invalid, profile.CodeInvalid, "i"},
		{`{"b":"true"}`, invalid, profile.CodeType, "b"},
		{`{"b":1}`, invalid, profile.CodeType, "b"},
		{`{"date":"2012-02-30"}`, invalid, profile.CodeDateTime, "date"},
		{`{"time":"soon"}`, invalid, profile.CodeDateTime, "time"},
		{`{"time":1234}`, invalid, profile.CodeType, "time"},
		{`{"ip":"300.1.1.1"}`, invalid, profile.CodeInvalid, "ip"}, // E-20
		{`{"ip":"::1"}`, invalid, profile.CodeInvalid, "ip"},
		{`{"alnum":"!@#$%^&*()"}`, invalid, profile.CodeConstraint, "alnum"},     // E-22
		{`{"alpha":"abc123"}`, invalid, profile.CodeConstraint, "alpha"},         // E-23
		{`{"letters":"\u2615"}`, invalid, profile.CodeConstraint, "letters"},     // E-24
		{`{"printable":"\u0011"}`, invalid, profile.CodeConstraint, "printable"}, // E-25
		{`{"mail":"anemone"}`, invalid, profile.CodeConstraint, "mail"},          // E-26
		{`{"mail":""}`, invalid, profile.CodeConstraint, "mail"},
		{`{"o":[]}`, invalid, profile.CodeType, "o"},
		{`{"o":{"need":null}}`, profile.Missing, profile.CodeRequired, "o.need"}, // E-21
		{`{"o":{}}`, profile.Missing, profile.CodeRequired, "o.need"},
		{`{"p":{}}`, invalid, profile.CodeType, "p"},
		{`{"p":[null]}`, invalid, profile.CodeType, "p"},
		{`{"p":[{"sub":[{}]}]}`, profile.Missing, profile.CodeRequired, "p.sub.need"},
		{`{"p":[{"bug":"Centipede"},{"bug":"centipede"}]}`, profile.Taken, profile.CodeTaken, "p.bug"}, // E-17
		{`{"q":[{"key":"a"},{"key":"A"}]}`, profile.Taken, profile.CodeTaken, "q.key"},
		{`{"q":[{"in":[{"key":1},{"key":1}]}]}`, profile.Taken, profile.CodeTaken, "q.in.key"},
		{`{"pw":5}`, invalid, profile.CodeType, "pw"},
		{`{"pw":{"type":"string","value":"x"}}`, invalid, profile.CodeInvalid, "pw"},
		{`{"pw":{"type":"password-md5","value":5}}`, invalid, profile.CodeType, "pw"},
		{`{"pw":{"type":"password-md5","pepper":"x"}}`, profile.Unknown, profile.CodeUnknownAttribute, "pw.pepper"},
	} {
		_, err := typ.Create([]byte(tc.in), env())
		if err == nil {
			t.Errorf("%s is accepted", tc.in)
			continue
		}
		t.Run(tc.in[:min(len(tc.in), 40)], func(t *testing.T) { wantError(t, err, tc.kind, tc.code, tc.field) })
	}
	_, err := typ.Create([]byte(`{"ip":"x"}`), env())
	if e := profile.AsError(err); e.Message != "/ip was not a valid ip address." {
		t.Errorf("message %q", e.Message)
	}
	_, err = typ.Create([]byte(`{"p":[{"bug":"a"},{"bug":"a"}]}`), env())
	if e := profile.AsError(err); e.Message != "Attempted to update a duplicate value" {
		t.Errorf("message %q", e.Message)
	}
}

func TestRequiredIsEnforcedOnlyWhenAsked(t *testing.T) {
	typ := compile(t, `[{"name":"a","type":"string","constraints":["required"]},{"name":"b","type":"string"},{"name":"pw","type":"password","constraints":["required"]}]`)
	lax := env()
	lax.Required = false
	if _, err := typ.Create([]byte(`{"b":"x"}`), lax); err != nil {
		t.Error(err)
	}
	_, err := typ.Create([]byte(`{"b":"x","pw":"y"}`), env())
	wantError(t, err, profile.Missing, profile.CodeRequired, "a")
	_, err = typ.Create([]byte(`{"a":"x"}`), env())
	wantError(t, err, profile.Missing, profile.CodeRequired, "pw")
	if _, err := typ.Update([]byte(`{"b":"x"}`), nil, []byte(`{"b":"y"}`), env()); err != nil {
		t.Errorf("a constraint added later blocks another change: %v", err)
	}
	if _, err := typ.Update(nil, nil, []byte(`{"b":"y"}`), env()); err != nil {
		t.Errorf("… of a record without attributes: %v", err)
	}
	_, err = typ.Update([]byte(`{"a":"x"}`), nil, []byte(`{"a":null}`), env())
	wantError(t, err, profile.Missing, profile.CodeRequired, "a")
	_, err = typ.Update([]byte(`{"a":"x"}`), paths(t, "a")[0], []byte(`null`), env())
	wantError(t, err, profile.Missing, profile.CodeRequired, "a")
	_, err = typ.Replace([]byte(`{"a":"x"}`), nil, []byte(`{"b":"y"}`), env())
	wantError(t, err, profile.Missing, profile.CodeRequired, "a")
	if _, err := typ.Replace([]byte(`{"a":"x"}`), nil, []byte(`{"a":"y"}`), env()); err != nil {
		t.Errorf("a replace must leave the password alone: %v", err)
	}
	things := compile(t, things)
	_, err = things.Update(nil, paths(t, "o.free")[0], []byte(`"x"`), env())
	wantError(t, err, profile.Missing, profile.CodeRequired, "o.need")
	if w, err := things.Update(nil, paths(t, "o.need")[0], []byte(`"x"`), env()); err != nil || string(w.Attrs) != `{"o":{"need":"x"}}` {
		t.Errorf("%s, %v", w.Attrs, err)
	}
}

const before = `{"o":{"deep":{"x":1,"y":2},"free":"f","need":"n"},"p":[{"bug":"ant","id":3,"n":1,"o":{"v":"w"},"sub":[{"id":5,"need":"z"}]},{"bug":"bee","id":4}],"s":"old"}`

func TestUpdateMergesAndReplaceReplaces(t *testing.T) {
	typ := compile(t, things)
	const update, replace = "update", "replace"
	for _, tc := range []struct{ op, path, value, want, changed string }{
		{update, "", `{"i":1}`, `{"i":1,` + before[1:], "i"},
		{update, "", `{"s":"old"}`, before, ""},
		{update, "", `{}`, before, ""},
		{update, "", `{"p":[]}`, before, ""},
		{update, "", `{"s":null,"p":null}`, `{"o":{"deep":{"x":1,"y":2},"free":"f","need":"n"}}`, "p s"},
		{update, "", `{"o":{"deep":{"x":null},"free":"g"}}`, strings.Replace(before, `{"deep":{"x":1,"y":2},"free":"f"`, `{"deep":{"y":2},"free":"g"`, 1), "o"},
		{update, "", `{"o":{"deep":null}}`, strings.Replace(before, `"deep":{"x":1,"y":2},`, ``, 1), "o"},
		{update, "", `{"o":null}`, strings.Replace(before, `"o":{"deep":{"x":1,"y":2},"free":"f","need":"n"},`, ``, 1), "o"},
		{update, "", `{"p":[{"bug":"cow"},{"id":4,"n":9}]}`, strings.Replace(before, `{"bug":"bee","id":4}`, `{"bug":"bee","id":4,"n":9},{"bug":"cow","id":101}`, 1), "p"},
		{update, "", `{"p":[{"id":3,"sub":[{"id":5,"need":"a"},{"need":"b"}]}]}`, strings.Replace(before, `[{"id":5,"need":"z"}]`, `[{"id":5,"need":"a"},{"id":101,"need":"b"}]`, 1), "p"},
		{update, "/o", `{"free":null}`, strings.Replace(before, `"free":"f",`, ``, 1), "o"},
		{update, "/o/deep/y", `7`, strings.Replace(before, `"y":2`, `"y":7`, 1), "o"},
		{update, "/s", `"new"`, strings.Replace(before, `"old"`, `"new"`, 1), "s"},
		{update, "/s", `null`, strings.Replace(before, `,"s":"old"`, ``, 1), "s"},
		{update, "/i", `5`, `{"i":5,` + before[1:], "i"},
		{update, "/p", `[{"n":2}]`, strings.Replace(before, `{"bug":"bee","id":4}`, `{"bug":"bee","id":4},{"id":101,"n":2}`, 1), "p"},
		{update, "/p#4", `{"n":2}`, strings.Replace(before, `{"bug":"bee","id":4}`, `{"bug":"bee","id":4,"n":2}`, 1), "p"},
		{update, "/p#4", `{"n":2,"id":4}`, strings.Replace(before, `{"bug":"bee","id":4}`, `{"bug":"bee","id":4,"n":2}`, 1), "p"},
		{update, "/p#3/o/v", `"u"`, strings.Replace(before, `"v":"w"`, `"v":"u"`, 1), "p"},
		{update, "/p#3/sub#5", `{"need":"y"}`, strings.Replace(before, `"need":"z"`, `"need":"y"`, 1), "p"},
		{update, "/p#4/sub", `[{"need":"y"}]`, strings.Replace(before, `"id":4}`, `"id":4,"sub":[{"id":101,"need":"y"}]}`, 1), "p"},
		{replace, "", `{"i":1}`, `{"i":1}`, "i o p s"},
		{replace, "", `{}`, `{}`, "o p s"},
		{replace, "", `{"p":[{"bug":"ant"}],"o":{"need":"m"}}`, `{"o":{"need":"m"},"p":[{"bug":"ant","id":101}]}`, "o p s"},
		{replace, "/p", `[]`, strings.Replace(before, `"p":[{"bug":"ant","id":3,"n":1,"o":{"v":"w"},"sub":[{"id":5,"need":"z"}]},{"bug":"bee","id":4}],`, ``, 1), "p"},
		{replace, "/o/deep", `{"x":3}`, strings.Replace(before, `{"x":1,"y":2}`, `{"x":3}`, 1), "o"},
		{replace, "/p#3", `{"n":8}`, strings.Replace(before, `{"bug":"ant","id":3,"n":1,"o":{"v":"w"},"sub":[{"id":5,"need":"z"}]}`, `{"id":3,"n":8}`, 1), "p"},
		{replace, "/p#3/sub", `[{"need":"q"}]`, strings.Replace(before, `{"id":5,"need":"z"}`, `{"id":101,"need":"q"}`, 1), "p"},
		{replace, "s", `"x"`, strings.Replace(before, `"old"`, `"x"`, 1), "s"},
	} {
		do := typ.Update
		if tc.op == replace {
			do = typ.Replace
		}
		w, err := do([]byte(before), paths(t, tc.path)[0], []byte(tc.value), env())
		if err != nil || string(w.Attrs) != tc.want || strings.Join(w.Changed, " ") != tc.changed {
			t.Errorf("%s %s %s\n got %s %v %v\nwant %s %s", tc.op, tc.path, tc.value, w.Attrs, w.Changed, err, tc.want, tc.changed)
		}
	}
}

func TestUpdateAndReplaceRefuseBadPathsAndElements(t *testing.T) {
	typ := compile(t, things)
	const invalid, unknown = profile.Invalid, profile.CodeUnknownAttribute
	for _, tc := range []struct {
		path, value string
		kind        profile.Kind
		code        profile.Code
		field       string
	}{
		{"", `{"p":[{"id":99}]}`, profile.NotFound, profile.CodeNotFound, "p"},
		{"", `{"p":[{"id":3},{"id":3}]}`, invalid, profile.CodeInvalid, "p"},
		{"", `{"p":[{"id":"3"}]}`, invalid, profile.CodeType, "p.id"},
		{"", `{"p":[{"bug":"Ant"}]}`, profile.Taken, profile.CodeTaken, "p.bug"},
		{"", `{"id":3}`, invalid, profile.CodeReservedAttribute, "id"},
		{"", `{"created":"now"}`, invalid, profile.CodeReservedAttribute, "created"},
		{"/created", `"now"`, invalid, profile.CodeReservedAttribute, "created"},
		{"/parent_id", `1`, invalid, profile.CodeReservedAttribute, "parent_id"},
		{"/p#3/id", `1`, invalid, profile.CodeReservedAttribute, "p.id"},
		{"/p#99", `{}`, profile.NotFound, profile.CodeNotFound, "p"},
		{"/p#3", `{"id":4}`, invalid, profile.CodeReservedAttribute, "p.id"},
		{"/p#3", `null`, invalid, profile.CodeType, "p"},
		{"/p#3", `[]`, invalid, profile.CodeType, "p"},
		{"/p/bug", `"x"`, profile.Unknown, unknown, "p.bug"},
		{"/o#3", `{}`, profile.Unknown, unknown, "o"},
		{"/s/x", `1`, profile.Unknown, unknown, "s.x"},
		{"/j/x", `1`, profile.Unknown, unknown, "j.x"},
		{"/o/nope", `1`, profile.Unknown, unknown, "o.nope"},
		{"/o/need", `null`, profile.Missing, profile.CodeRequired, "o.need"},
	} {
		_, err := typ.Update([]byte(before), paths(t, tc.path)[0], []byte(tc.value), env())
		t.Run(tc.path+" "+tc.value, func(t *testing.T) { wantError(t, err, tc.kind, tc.code, tc.field) })
	}
	_, err := typ.Replace([]byte(before), nil, []byte(`{"p":[{"id":3}]}`), env())
	wantError(t, err, invalid, profile.CodeIDInNew, "p.id")
	broken := env()
	broken.NextNumber = func() (int64, error) { return 0, errors.New("no numbers") }
	if _, err := typ.Create([]byte(`{"p":[{}]}`), broken); err == nil || err.Error() != "no numbers" {
		t.Errorf("the error of NextNumber becomes %v", err)
	}
}

func TestDeleteElementRemovesExactlyOne(t *testing.T) {
	typ := compile(t, things)
	for path, want := range map[string]string{
		"/p#4":       strings.Replace(before, `,{"bug":"bee","id":4}`, ``, 1),
		"p#3/sub#5":  strings.Replace(before, `,"sub":[{"id":5,"need":"z"}]`, ``, 1),
		"/p#3.sub#5": strings.Replace(before, `,"sub":[{"id":5,"need":"z"}]`, ``, 1),
	} {
		w, err := typ.DeleteElement([]byte(before), paths(t, path)[0])
		if err != nil || string(w.Attrs) != want || !slices.Equal(w.Changed, []string{"p"}) {
			t.Errorf("%s gives %s %v, %v", path, w.Attrs, w.Changed, err)
		}
	}
	for path, code := range map[string]profile.Code{"/p#9": profile.CodeNotFound, "/p": profile.CodeInvalid, "/": profile.CodeInvalid, "/s": profile.CodeInvalid, "/x#1": profile.CodeUnknownAttribute,
		"/o#1": profile.CodeUnknownAttribute, "/p#3/sub#6": profile.CodeNotFound} {
		if _, err := typ.DeleteElement([]byte(before), paths(t, path)[0]); !profile.IsCode(err, code) {
			t.Errorf("%s gives %v, want %s", path, err, code)
		}
	}
}

func TestPasswordsAndCreatedAreGivenBackAndNotStored(t *testing.T) {
	typ := compile(t, things)
	w, err := typ.Create([]byte(`{"created":"1875-08-02 15:28:31","s":"x","pw":"correct horse","o":{"need":"n","secret":{"type":"password-md5-salted-right-base64","value":"aGFzaA==","salt":"pepper"}}}`), env())
	if err != nil {
		t.Fatal(err)
	}
	if string(w.Attrs) != `{"o":{"need":"n"},"s":"x"}` || w.Created == nil || schema.FormatDateTime(*w.Created) != "1875-08-02 15:28:31 +0000" {
		t.Errorf("%s, %v", w.Attrs, w.Created)
	}
	if got := w.Passwords["pw"]; got != (schema.PasswordValue{Plain: "correct horse"}) {
		t.Errorf("%+v", got)
	}
	if got := w.Passwords["o.secret"]; got != (schema.PasswordValue{Type: "password-md5-salted-right-base64", Value: "aGFzaA==", Salt: "pepper"}) {
		t.Errorf("%+v", got)
	}
	if !slices.Equal(w.Changed, []string{"o", "pw", "s"}) {
		t.Errorf("changed %v", w.Changed)
	}
	w, err = typ.Update(w.Attrs, nil, []byte(`{"pw":{"type":"password-bcrypt"}}`), env())
	if err != nil || len(w.Passwords) != 0 || len(w.Changed) != 0 {
		t.Errorf("the projection written back gives %+v, %v", w, err)
	}
	w, err = typ.Update(w.Attrs, paths(t, "pw")[0], []byte(`null`), env())
	if err != nil || !w.Passwords["pw"].Clear {
		t.Errorf("null gives %+v, %v", w, err)
	}
	w, err = typ.Replace(w.Attrs, nil, []byte(`{"s":"y"}`), env())
	if err != nil || len(w.Passwords) != 0 {
		t.Errorf("replace touches passwords: %+v, %v", w, err)
	}
	if w, err := typ.Create([]byte(`{"created":null}`), env()); err != nil || w.Created != nil {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestARestrictedTypeKeepsWhatItDoesNotShow(t *testing.T) {
	full := compile(t, things)
	sub, err := full.Restrict(paths(t, "i", "o.deep.x", "p.n"))
	if err != nil {
		t.Fatal(err)
	}
	const cur = `{"i":1,"o":{"deep":{"x":1,"y":2},"free":"f","need":"n"},"s":"old"}`
	for _, tc := range []struct{ op, value, want string }{
		{"update", `{"i":2}`, strings.Replace(cur, `"i":1`, `"i":2`, 1)},
		{"update", `{"o":{"deep":{"x":5}}}`, strings.Replace(cur, `"x":1`, `"x":5`, 1)},
		{"update", `{"o":null}`, strings.Replace(cur, `"x":1,`, ``, 1)},
		{"replace", `{}`, `{"o":{"deep":{"y":2},"free":"f","need":"n"},"s":"old"}`},
		{"replace", `{"o":{"deep":{"x":6}}}`, `{"o":{"deep":{"x":6,"y":2},"free":"f","need":"n"},"s":"old"}`},
		{"update", `{"p":[{"n":1}]}`, strings.Replace(cur, `,"s"`, `,"p":[{"id":101,"n":1}],"s"`, 1)},
	} {
		do := sub.Update
		if tc.op == "replace" {
			do = sub.Replace
		}
		w, err := do([]byte(cur), nil, []byte(tc.value), env())
		if err != nil || string(w.Attrs) != tc.want {
			t.Errorf("%s %s\n got %s, %v\nwant %s", tc.op, tc.value, w.Attrs, err, tc.want)
		}
	}
	_, err = sub.Update([]byte(cur), nil, []byte(`{"o":{"free":"x"}}`), env())
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "o.free")
	_, err = sub.Update([]byte(cur), paths(t, "/s")[0], []byte(`"x"`), env())
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "s")
}

func TestIsEmailAddress(t *testing.T) {
	for s, want := range map[string]bool{"a@b.c": true, "parkerm@example.com": true, "a+b@localhost.localdomain": true, "é@ü.de": true, "o'neil@x-y.org": true,
		"a@b": false, "@b.c": false, "a@": false, "a@b.": false, "a@.b": false, "a b@c.d": false, "a@b c.d": false, "a@b@c.d": false, ".a@b.c": false, "a.@b.c": false, "a..b@c.d": false,
		"a@-b.c": false, "a@b-.c": false, "a@b_c.d": false, "\"a\"@b.c": false, "a\u00a0b@c.d": false, "a@[1.2.3.4]": false, "": false, "anemone": false} {
		if got := schema.IsEmailAddress(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
