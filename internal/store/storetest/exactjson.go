package storetest

import (
	"bytes"
	"encoding/json"

	"pgregory.net/rapid"

	"facet/internal/profile"
	"facet/internal/store"
)

func testExactJSON(f *fixture) {
	docs := []string{
		`{}`,
		`{"n":12345678901234567890,"d":1.10,"e":1E5,"z":-0,"big":1e400}`,
		`{"z":1,"a":2,"m":{"b":[3,2,1],"a":null}}`,
		"{ \"spaced\" :\t[ 1 , 2 ]\r\n}",
		`{"u":"\u00e9é\ud83d\ude00😀\\\"\/\u0000","k\u0301":"𝔘"}`,
		`{"":"","` + string(bytes.Repeat([]byte("long "), 40000)) + `":true}`,
		`{"dup":1,"dup":2}`,
	}
	f.run("the text comes back byte for byte", func(f *fixture) {
		for _, doc := range docs {
			rec := f.user()
			rec.Attrs, rec.Extras = []byte(doc), []byte(doc)
			f.create(rec)
			got := f.get(rec.ID)
			f.equal(string(got.Attrs), doc)
			f.equal(string(got.Extras), doc)
			f.save(rec.ID, func(r *store.Record) { r.Attrs = []byte(`{}`) })
			versions := read(f, func(r store.Reader) ([]store.Version, error) { return r.Versions(rec.ID, -1) })
			f.equal(string(versions[0].Attrs), `{}`)
			f.equal(string(versions[1].Attrs), doc)
			f.equal(string(versions[1].Extras), doc)

			src, dst := f.id(), f.id()
			f.update(func(tx store.Tx) error {
				return tx.AddLink(&store.Link{Src: src, Kind: store.RoleLink, Dst: dst, State: store.LinkActive, Attrs: []byte(doc), Created: f.now()})
			})
			link := read(f, func(r store.Reader) (*store.Link, error) { return r.Link(src, store.RoleLink, dst, "") })
			f.equal(string(link.Attrs), doc)
		}
	})

	f.run("a list reads each record's own text", func(f *fixture) {
		for i, doc := range docs {
			rec := f.user(name("doc", string(rune('a'+i))))
			rec.Type, rec.Number, rec.Attrs = "doc", int64(i), []byte(doc)
			f.create(rec)
		}
		f.view(func(r store.Reader) error {
			return r.ByNumber("doc", 0, 100, false, func(rec *store.Record) bool {
				f.equal(string(rec.Attrs), docs[rec.Number])
				f.equal(string(rec.Extras), `{}`)
				f.equal(rec.Names, []profile.Name{name("doc", string(rune('a'+rec.Number)))})
				return true
			})
		})
	})

	f.run("any text is kept", func(f *fixture) {
		text := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != 0 }))
		rapid.Check(f, func(t *rapid.T) {
			doc, err := json.Marshal(map[string]string{text.Draw(t, "key"): text.Draw(t, "value")})
			if err != nil {
				t.Fatal(err)
			}
			rec := f.user(profile.Name{Space: "any", Value: unique(f) + text.Draw(t, "name"), Typed: text.Draw(t, "typed")})
			rec.Attrs, rec.Sort = doc, text.Draw(t, "sort")
			f.create(rec)
			f.equal(*f.get(rec.ID), plain(rec))
			got, err := f.site.Get(f.ctx, "any", rec.Names[0].Value)
			if err != nil {
				t.Fatal(err)
			}
			f.equal(*got, plain(rec))
		})
	})

	f.run("NUL is refused wherever it stands in a text", func(f *fixture) {
		for what, spoil := range map[string]func(*store.Record){
			"attrs":  func(r *store.Record) { r.Attrs = []byte("{\"a\":\"\x00\"}") },
			"name":   func(r *store.Record) { r.Names = []profile.Name{name("nul", "a\x00b")} },
			"sort":   func(r *store.Record) { r.Sort = "\x00" },
			"index":  func(r *store.Record) { r.Index = []store.Indexed{{Path: "p", Value: "\x00"}} },
			"search": func(r *store.Record) { r.Search = "a\x00" },
		} {
			rec := f.user(name("nulfree", what))
			spoil(rec)
			err := f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Create(rec, f.event("x")) })
			if !profile.IsKind(err, profile.Malformed) {
				f.Errorf("%s: %v", what, err)
			}
			_, err = f.site.GetID(f.ctx, rec.ID)
			f.wantErr(err, store.ErrNotFound)
		}
	})
}

// unique gives a text that no other call gives.
func unique(f *fixture) string { return f.id().String() }
