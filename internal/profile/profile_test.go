package profile_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"facet/internal/profile"
)

func TestIDsCarryTheirBucketAndTime(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		bucket := profile.Bucket(rapid.Uint16().Draw(t, "bucket"))
		id := profile.NewIDIn(now, bucket)
		if id.Bucket() != bucket {
			t.Fatalf("bucket %d of %s, want %d", id.Bucket(), id, bucket)
		}
		if id[6]>>4 != 7 || id[8]>>6 != 2 {
			t.Fatalf("%s is no UUID version 7", id)
		}
		if ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5]); ms != now.UnixMilli() {
			t.Fatalf("time %d, want %d", ms, now.UnixMilli())
		}
		back, err := profile.ParseID(id.String())
		if err != nil || back != id {
			t.Fatalf("%s reads back as %s, %v", id, back, err)
		}
		raw, err := json.Marshal(map[string]profile.ID{"id": id})
		if err != nil || string(raw) != `{"id":"`+id.String()+`"}` {
			t.Fatalf("%s %v", raw, err)
		}
		var out map[string]profile.ID
		if err := json.Unmarshal(raw, &out); err != nil || out["id"] != id {
			t.Fatal(out, err)
		}
	})
	if a, b := profile.NewID(now), profile.NewID(now); a == b {
		t.Error("two ids are equal")
	}
}

func TestOnlyTheCanonicalFormOfAnIDIsRead(t *testing.T) {
	for _, s := range []string{"", "x", "notauuid", "02b0c68d7d7a49d8a88d022585b0f877", "{02b0c68d-7d7a-49d8-a88d-022585b0f877}",
		"urn:uuid:02b0c68d-7d7a-49d8-a88d-022585b0f877", "02b0c68d-7d7a-49d8-a88d-022585b0f87g"} {
		if _, err := profile.ParseID(s); !profile.IsCode(err, profile.CodeInvalidID) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := profile.ParseID("02B0C68D-7D7A-49D8-A88D-022585B0F877"); err != nil {
		t.Error(err)
	}
}

func TestNamesOfPeople(t *testing.T) {
	for whole, want := range map[string]profile.PersonName{
		"":                       {},
		"Xia":                    {Given: "Xia"},
		"Xia Lee":                {Given: "Xia", Family: "Lee"},
		"  Joe   Card1 ":         {Given: "Joe", Family: "Card1"},
		"Ludwig van Beethoven":   {Given: "Ludwig", Family: "van Beethoven"},
		"Anna Maria de la Cruz":  {Given: "Anna", Middle: "Maria", Family: "de la Cruz"},
		"Martin Luther King Jr.": {Given: "Martin", Middle: "Luther", Family: "King Jr."},
		"Mohamed El Baradei":     {Given: "Mohamed", Family: "El Baradei"},
		"John Paul II":           {Given: "John", Family: "Paul II"},
	} {
		if got := profile.SplitName(whole); got != want {
			t.Errorf("%q: %+v, want %+v", whole, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.StringMatching(`[A-Z][a-z]{0,8}( [A-Za-z]{1,8}){0,4}`).Draw(t, "whole")
		n := profile.PersonName{}.WithWhole(whole)
		if n.Join() != whole || n.Whole("slug") != whole {
			t.Fatalf("%q: %+v", whole, n)
		}
		moved := n.WithParts("A", "", "B")
		if moved.Whole("") != "A B" {
			t.Fatalf("a display name that was the join moves: %+v", moved)
		}
		n.Display = "Nick"
		if n.WithParts("A", "", "B").Display != "Nick" {
			t.Fatal("one that was not stays")
		}
	})
	if (profile.PersonName{}).Whole("xia") != "xia" {
		t.Error("who has no name is called by the slug")
	}
}

func TestFold(t *testing.T) {
	for a, b := range map[string]string{"XIA": "xia", " Xia ": "xia", "STRASSE": "straße", "ﬁne": "FINE", "É": "e\u0301", "Σ": "ς"} {
		if profile.Fold(a) != profile.Fold(b) {
			t.Errorf("%q folds to %q, %q to %q", a, profile.Fold(a), b, profile.Fold(b))
		}
	}
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		once := profile.Fold(string(r))
		if twice := profile.Fold(once); twice != once {
			t.Errorf("%U folds to %q, then to %q", r, once, twice)
		}
		if other := unicode.SimpleFold(r); profile.Fold(string(other)) != once {
			t.Errorf("%U folds to %q, %U, which differs in case only, to %q", r, once, other, profile.Fold(string(other)))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if once := profile.Fold(s); profile.Fold(once) != once {
			t.Fatalf("%q folds to %q, then to %q", s, once, profile.Fold(once))
		}
	})
}

func TestEmailsOfDifferentMailboxesStayApart(t *testing.T) {
	for a, b := range map[string]string{
		"A@x.example": "a@X.EXAMPLE", " a@x.example ": "a@x.example", "É@x.example": "e\u0301@x.example",
		"kim@BÜCHER.example": "kim@xn--bcher-kva.example", "ẞ@x.example": "ß@x.example",
	} {
		if profile.FoldEmail(a) != profile.FoldEmail(b) {
			t.Errorf("%q folds to %q, %q to %q", a, profile.FoldEmail(a), b, profile.FoldEmail(b))
		}
	}
	for _, other := range []string{"kim@fuß.example", "kim@fuſs.example", "kim@ｆuss.example", "\u212aim@fuss.example", "kim＠fuss.example",
		"kim@fuss。example", "kİm@fuss.example", "ｋim@fuss.example", "kim@fu\u00adss.example"} {
		if profile.FoldEmail(other) == "kim@fuss.example" {
			t.Errorf("%q is taken for kim@fuss.example", other)
		}
	}
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || unicode.IsSpace(r) {
			continue
		}
		once := profile.FoldEmail(string(r))
		if isASCII := strings.IndexFunc(once, func(r rune) bool { return r >= utf8.RuneSelf }) < 0; isASCII {
			t.Errorf("%U folds to %q", r, once)
		}
		if twice := profile.FoldEmail(once); twice != once {
			t.Errorf("%U folds to %q, then to %q", r, once, twice)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if once := profile.FoldEmail(s); profile.FoldEmail(once) != once {
			t.Fatalf("%q folds to %q, then to %q", s, once, profile.FoldEmail(once))
		}
	})
}

func TestSlugify(t *testing.T) {
	for text, want := range map[string]string{
		"My Project": "my-project", "  ACME, Inc. ": "acme-inc", "joe+1": "joe-1", "Zoë Käse": "zoe-kase", "社": "", "a--b": "a-b", "-x-": "x",
	} {
		if got := profile.Slugify(text, 42); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := profile.Slugify(rapid.String().Draw(t, "s"), 10)
		if len(s) > 10 || profile.Slugify(s, 10) != s {
			t.Fatalf("%q", s)
		}
	})
}
