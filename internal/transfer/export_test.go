package transfer_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/transfer"
)

// emptySite makes another site of the same store.
func emptySite(t testing.TB, s *facetest.Service, name string) *directory.Site {
	t.Helper()
	site, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: name, Domain: name + ".example", Policy: directory.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func exported(t testing.TB, site *directory.Site, o transfer.ExportOptions) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := transfer.Export(t.Context(), site, &out, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// imported imports a text of which nothing may be refused.
func imported(t testing.TB, site *directory.Site, text string, o transfer.Options) {
	t.Helper()
	list := &rejects{}
	o.Rejects = func(bool) (transfer.RejectList, error) { return list, nil }
	if _, err := transfer.Import(t.Context(), site, strings.NewReader(text), o); err != nil || len(list.all) > 0 {
		t.Fatalf("%v %+v", err, list.all)
	}
}

// person draws what a person may hold.
func person(t *rapid.T, n int) string {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aZ é漢🙂\"\\<&,;=\n\u2028'")), 1, 12, -1)
	members := []string{fmt.Sprintf(`"email":"p%d@example.com"`, n)}
	for _, name := range []string{"aboutMe", "currentLocation"} {
		if rapid.Bool().Draw(t, name) {
			members = append(members, fmt.Sprintf("%q:%s", name, quote(text.Draw(t, name))))
		}
	}
	if rapid.Bool().Draw(t, "photos") {
		members = append(members, fmt.Sprintf(`"photos":[{"id":%d,"value":%s},{"id":%d}]`, 100000+2*n, quote(text.Draw(t, "photo")), 100001+2*n))
	}
	if rapid.Bool().Draw(t, "display") {
		members = append(members, rapid.SampledFrom([]string{`"display":{"b":1.10,"a":[12345678901234567890,null,true]}`, `"display":"x"`, `"display":0.10e3`}).Draw(t, "display"))
	}
	if rapid.Bool().Draw(t, "born") {
		members = append(members, `"birthday":"1999-12-31"`)
	}
	out := fmt.Sprintf(`{"type":"user","number":%d,"created":"20%02d-02-03T04:05:06.%06dZ","attrs":{%s}`, 5000+n, rapid.IntRange(0, 25).Draw(t, "year"), n, strings.Join(members, ","))
	if rapid.Bool().Draw(t, "slug") {
		out += fmt.Sprintf(`,"slug":"Person-%d"`, n)
	}
	if rapid.Bool().Draw(t, "personal") {
		out += `,"personal":true`
	}
	if rapid.Bool().Draw(t, "hash") {
		out += `,"password":"$sha256$` + sha256OfSecret + `"`
	}
	if rapid.Bool().Draw(t, "state") {
		out += `,"state":"disabled"`
	}
	if rapid.Bool().Draw(t, "extras") {
		out += `,"extras":{"djaoapp":{"lang":"fr","extra":{"n":1.10}},"cloudillo":{"x":{"k":"v"}}}`
	}
	if rapid.Bool().Draw(t, "login") {
		out += `,"login":"2025-01-01T00:00:00Z"`
	}
	return out + "}"
}

func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func TestAnExportImportedIntoAnEmptySiteIsExportedAsTheSame(t *testing.T) {
	s := facetest.New(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		from, to := emptySite(t, s, fmt.Sprint("from-", round)), emptySite(t, s, fmt.Sprint("to-", round))
		var lines []string
		for n := range rapid.IntRange(1, 4).Draw(rt, "people") {
			lines = append(lines, person(rt, n))
		}
		lines = append(lines, `{"type":"organization","slug":"org","attrs":{"displayName":"Org <&>"}}`, `{"type":"community","slug":"com"}`)
		imported(t, from, strings.Join(lines, "\n"), transfer.Options{Format: transfer.JSONL})
		// What belongs to people comes after them.
		first := exported(t, from, transfer.ExportOptions{Types: []string{"user"}, Format: transfer.JSONL})
		owner := first[strings.Index(first, `"id":"`)+6:][:36]
		imported(t, from, fmt.Sprintf(`{"type":"$household","owner":%q,"attrs":{"name":"Kid %d","is_child_profile":true,"age_limit":7}}`, owner, round), transfer.Options{Format: transfer.JSONL})

		before := exported(t, from, transfer.ExportOptions{Hashes: true, Format: transfer.JSONL})
		if n := strings.Count(before, "\n"); n != len(lines)+1 {
			rt.Fatalf("%d lines of %d records:\n%s", n, len(lines)+1, before)
		}
		imported(t, to, before, transfer.Options{Format: transfer.JSONL})
		if after := exported(t, to, transfer.ExportOptions{Hashes: true, Format: transfer.JSONL}); after != before {
			rt.Fatalf("before:\n%s\nafter:\n%s", before, after)
		}

		table := emptySite(t, s, fmt.Sprint("table-", round))
		csv := exported(t, from, transfer.ExportOptions{Types: []string{"user"}, Hashes: true, Format: transfer.CSV})
		imported(t, table, csv, transfer.Options{Format: transfer.CSV, Preset: "facet"})
		if again := exported(t, table, transfer.ExportOptions{Types: []string{"user"}, Hashes: true, Format: transfer.CSV}); again != csv {
			rt.Fatalf("before:\n%s\nafter:\n%s", csv, again)
		}
	})
}

func TestTheDemoIsExportedAndImportedAsAWhole(t *testing.T) {
	s := facetest.New(t)
	before := exported(t, s.Site, transfer.ExportOptions{Hashes: true, Format: transfer.JSONL})
	to := emptySite(t, s, "copy")
	// An explicit idtag is one person's on all sites of an installation.
	text := strings.Replace(before, `"idtag":"bob@example.com",`, "", 1)
	imported(t, to, text, transfer.Options{Format: transfer.JSONL})
	if after := exported(t, to, transfer.ExportOptions{Hashes: true, Format: transfer.JSONL}); after != text {
		t.Errorf("before:\n%s\nafter:\n%s", text, after)
	}
	for _, secret := range []string{"$argon2id$", "password"} {
		if plain := exported(t, s.Site, transfer.ExportOptions{Format: transfer.JSONL}); strings.Contains(plain, secret) {
			t.Errorf("an export without hashes has %s", secret)
		}
	}
}

func TestAnExportIsFilteredByTheEntityGrammar(t *testing.T) {
	s := facetest.New(t)
	for filter, want := range map[string]int{`email = 'xia@localhost.localdomain'`: 1, `givenName is not null`: -1, `id > 1000000`: 0} {
		got := strings.Count(exported(t, s.Site, transfer.ExportOptions{Types: []string{"user"}, Filter: filter, Format: transfer.JSONL}), "\n")
		if want >= 0 && got != want || want < 0 && got < 2 {
			t.Errorf("%s: %d records", filter, got)
		}
	}
	for name, o := range map[string]transfer.ExportOptions{
		"a filter that cannot be read": {Types: []string{"user"}, Filter: "email ="},
		"an unknown attribute":         {Types: []string{"user"}, Filter: "nothing = 1"},
		"an unknown type":              {Types: []string{"nothing"}},
		"a kind that is not given out": {Types: []string{"$client"}},
		"a filter on documents":        {Types: []string{"$document"}, Filter: "id = 1"},
		"a table of two types":         {Types: []string{"user", "organization"}, Format: transfer.CSV},
		"a table of documents":         {Types: []string{"$document"}, Format: transfer.CSV},
		"an unknown column":            {Types: []string{"user"}, Attributes: []string{"nothing"}, Format: transfer.CSV},
	} {
		_, err := transfer.Export(t.Context(), s.Site, io.Discard, o)
		if e := profile.AsError(err); err == nil || e.Kind == profile.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	head, _, _ := strings.Cut(exported(t, s.Site, transfer.ExportOptions{Types: []string{"user"}, Attributes: []string{"email", "primaryAddress"}, Format: transfer.CSV}), "\n")
	if !strings.HasPrefix(head, "@id,@number,") || !strings.Contains(head, ",email,primaryAddress.address1,") || strings.Contains(head, "givenName") {
		t.Error(head)
	}
}

// unpacked reads a tar archive.
func unpacked(t testing.TB, archive []byte) map[string]string {
	t.Helper()
	out := map[string]string{}
	in := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		out[h.Name] = string(content)
	}
}

func TestAnArchiveHasWhatIsHeldAboutOnePersonAndNothingElse(t *testing.T) {
	s := facetest.New(t)
	for _, whom := range []string{"casey", "42", "casey@localhost.localdomain"} {
		var out bytes.Buffer
		if err := transfer.Archive(t.Context(), s.Site, &out, whom); err != nil {
			t.Fatalf("%s: %v", whom, err)
		}
		files := unpacked(t, out.Bytes())
		if got := strings.Count(files["records.jsonl"], "\n"); got != 3 || !strings.Contains(files["records.jsonl"], `"slug":"casey"`) {
			t.Errorf("%s: %d records: %s", whom, got, files["records.jsonl"])
		}
		all := fmt.Sprint(files)
		if !strings.Contains(files["proofs.json"], `"kind":"password"`) || strings.Contains(all, "$argon2id$") || strings.Contains(all, "alice@") {
			t.Errorf("%s: %s", whom, all)
		}
		if !strings.Contains(files["history.jsonl"], `"version":1`) || files["about.json"] == "" {
			t.Errorf("%s: %s", whom, all)
		}
	}
	if err := transfer.Archive(t.Context(), s.Site, io.Discard, "nobody"); !profile.IsKind(err, profile.NotFound) {
		t.Error("nobody:", err)
	}
}
