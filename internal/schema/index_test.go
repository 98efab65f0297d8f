package schema_test

import (
	"encoding/hex"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"

	"pgregory.net/rapid"
)

const indexDefs = `[
 {"name":"name","type":"string","case-sensitive":false,"features":["query"]},{"name":"exact","type":"string","features":["query"]},
 {"name":"n","type":"decimal","features":["query"]},{"name":"yes","type":"boolean","features":["query"]},
 {"name":"day","type":"date","features":["query"]},{"name":"time","type":"dateTime","features":["query"]},{"name":"ip","type":"ipAddress","features":["query"]},
 {"name":"plain","type":"string"},{"name":"mail","type":"string","case-sensitive":false,"constraints":["unique"]},
 {"name":"o","type":"object","attr_defs":[{"name":"p","type":"plural","attr_defs":[
   {"name":"tag","type":"string","case-sensitive":false,"features":["query"]},{"name":"u","type":"string","constraints":["unique"]}]}]}]`

func TestIndexGivesOneRowForEachValue(t *testing.T) {
	typ := compile(t, indexDefs)
	w, err := typ.Create([]byte(`{"name":" Ärger ﬁne","exact":"Ab","n":-12.50,"yes":true,"day":"2012-03-12","time":"2012-03-12 01:02:03.5 +0000","ip":"192.0.2.1","plain":"x","mail":"Zoe@Example.com",
	 "o":{"p":[{"tag":"One","u":"x"},{"tag":"ONE","u":"X"},{"tag":"two"},{}]}}`), env())
	if err != nil {
		t.Fatal(err)
	}
	want := []schema.Indexed{{"day", "2012-03-12 00:00:00.000000"}, {"exact", "Ab"}, {"ip", "c0000201"}, {"mail", "zoe@example.com"}, {"n", "-49998874~"}, {"name", "ärger fine"},
		{"o.p.tag", "one"}, {"o.p.tag", "two"}, {"o.p.u", "x"}, {"o.p.u", "X"}, {"time", "2012-03-12 01:02:03.500000"}, {"yes", "1"}}
	if got := typ.Index(w.Attrs); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	unique := []schema.UniqueValue{{"mail", "zoe@example.com"}, {"o.p.u", "x"}, {"o.p.u", "X"}}
	if got := typ.Uniques(w.Attrs); !slices.Equal(got, unique) {
		t.Errorf("got  %q\nwant %q", got, unique)
	}
	if len(typ.Index([]byte(`{}`))) != 0 || len(typ.Uniques(nil)) != 0 {
		t.Error("a record without attributes has rows")
	}
}

func TestIndexDropsDuplicatesOfLongPlurals(t *testing.T) {
	typ := compile(t, indexDefs)
	var b strings.Builder
	for i := range 500 {
		b.WriteString(`,{"tag":"t` + strconv.Itoa(i%100) + `"}`)
	}
	w, err := typ.Create([]byte(`{"o":{"p":[`+b.String()[1:]+`]}}`), env())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(typ.Index(w.Attrs)); got != 100 {
		t.Errorf("%d rows for 100 tags", got)
	}
}

func TestLongValuesAreCutAtACharacter(t *testing.T) {
	long := "x" + strings.Repeat("é", 150)
	cut := schema.Cut(long)
	if len(cut) != 199 || !strings.HasPrefix(long, cut) {
		t.Errorf("cut to %d bytes", len(cut))
	}
	a, b := schema.UniqueKey(long), schema.UniqueKey(long+"y")
	if a == b || !strings.HasPrefix(a, cut+"#") || len(a) != 199+1+64 {
		t.Errorf("%q, %q", a, b)
	}
	if _, err := hex.DecodeString(a[200:]); err != nil || schema.UniqueKey("short") != "short" {
		t.Error(err)
	}
}

func TestLiteralsHaveTheKeyOfEqualValues(t *testing.T) {
	typ := compile(t, indexDefs)
	day := time.Date(2012, 6, 13, 18, 2, 56, 12122000, time.UTC)
	for _, tc := range []struct{ path, literal, want string }{
		{"name", " ÄRGER fine ", "ärger fine"},
		{"exact", " Ab", " Ab"},
		{"n", "-12.5", "-49998874~"}, {"n", "+100", "1500021"}, {"n", "1e2", "1500021"}, {"n", " 0.0 ", "0"},
		{"id", "42", "15000142"},
		{"yes", "TRUE", "1"}, {"yes", "false", "0"},
		{"day", "2012-06-13 18:02:56.012122 +0000", string(schema.AppendTimeKey(nil, day))},
		{"time", "2012-06-13", "2012-06-13 00:00:00.000000"},
		{"time", "2013-05-23 10:00:00.123456789 -0700", "2013-05-23 17:00:00.123456"},
		{"created", "yesterday", "2024-02-29 00:00:00.000000"},
		{"ip", "10.0.0.255", "0a0000ff"},
		{"uuid", "02B0C68D-7D7A-49D8-A88D-022585B0F877", "02b0c68d-7d7a-49d8-a88d-022585b0f877"},
	} {
		a, _ := typ.Attr(paths(t, tc.path)[0])
		if got, err := a.IndexValue(tc.literal, noon); err != nil || got != tc.want {
			t.Errorf("%s %q gives %q, %v; want %q", tc.path, tc.literal, got, err, tc.want)
		}
	}
	for _, tc := range [][2]string{{"n", "abc"}, {"n", ""}, {"id", "1x"}, {"yes", "yes"}, {"ip", "::1"}, {"uuid", "notauuid"}, {"o", "x"}, {"o.p", "x"}} {
		a, _ := typ.Attr(paths(t, tc[0])[0])
		_, err := a.Key(tc[1], noon)
		wantError(t, err, profile.Invalid, profile.CodeType, tc[0])
	}
	a, _ := typ.Attr(paths(t, "day")[0])
	_, err := a.Key("soon", noon)
	wantError(t, err, profile.Invalid, profile.CodeDateTime, "day")
}

func number(t *rapid.T, label string) string {
	s := rapid.StringMatching(`-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?`).Draw(t, label)
	return s
}

func TestNumberKeysOrderLikeNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := number(t, "a"), number(t, "b")
		if rapid.Bool().Draw(t, "near") {
			b = a + "1"
		}
		x, _ := new(big.Rat).SetString(a)
		y, ok := new(big.Rat).SetString(b)
		if !ok || strings.Contains(b, "e") && len(b)-strings.Index(b, "e") > 4 {
			return
		}
		kx, ky := schema.AppendNumberKey(nil, []byte(a)), schema.AppendNumberKey(nil, []byte(b))
		if got, want := strings.Compare(string(kx), string(ky)), x.Cmp(y); got != want {
			t.Fatalf("%s (%s) against %s (%s): %d, want %d", a, kx, b, ky, got, want)
		}
	})
}

func TestTextKeysFoldLikeProfile(t *testing.T) {
	typ := compile(t, indexDefs)
	a, _ := typ.Attr(paths(t, "name")[0])
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ A-Za-z\t0-9]*`)).Draw(t, "s")
		key, ok := a.AppendKey([]byte("prefix"), schema.AppendString(nil, s))
		if want := "prefix" + profile.Fold(s); !ok || string(key) != want {
			t.Fatalf("%q has the key %q, want %q", s, key, want)
		}
	})
}

func TestTimeKeysOrderLikeTimes(t *testing.T) {
	typ := compile(t, indexDefs)
	a, _ := typ.Attr(paths(t, "time")[0])
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(-60e15, 250e15).Draw(t, "µs")).UTC()
	})
	rapid.Check(t, func(t *rapid.T) {
		x, y := moment.Draw(t, "x"), moment.Draw(t, "y")
		key := func(at time.Time) string {
			k, ok := a.AppendKey(nil, schema.AppendString(nil, schema.FormatDateTime(at)))
			if !ok || string(k) != string(schema.AppendTimeKey(nil, at)) {
				t.Fatalf("%v has the key %q", at, k)
			}
			return string(k)
		}
		if got, want := strings.Compare(key(x), key(y)), x.Compare(y); got != want {
			t.Fatalf("%v against %v: %d, want %d", x, y, got, want)
		}
	})
}
