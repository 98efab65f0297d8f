package directory_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

func TestWhatALaterReleaseAddsToADefaultTypeReachesASiteThatHasChangedIt(t *testing.T) {
	l := newLibrary(t)
	ctx, site := t.Context(), l.site
	_, err := site.AddAttribute(ctx, l.who, "user", schema.AttrDef{Name: "shoe", Type: "integer"})
	l.must(err)
	_, err = site.RemoveAttribute(ctx, l.who, "user", "gender")
	l.must(err)
	_, err = site.SetAttributeDescription(ctx, l.who, "user", "birthday", "ours")
	l.must(err)
	// The release before had no aboutMe, no primaryAddress.zip, no statuses and no
	// display; the site has made a display of its own.
	older := []string{"aboutMe", "primaryAddress.zip", "statuses", "display"}
	err = l.store.Store.Site(1).Update(ctx, func(tx store.Tx) error {
		old, err := tx.ByName(profile.ID{}, profile.TypeName, string(profile.User))
		if err != nil {
			return err
		}
		var state map[string]json.RawMessage
		var known []string
		var def schema.TypeDef
		l.must(json.Unmarshal(old.Attrs, &state))
		l.must(json.Unmarshal(state["known"], &known))
		l.must(json.Unmarshal(state["def"], &def))
		for _, path := range older {
			if _, err := def.Remove(path); err != nil {
				return err
			}
			known = slices.DeleteFunc(known, func(k string) bool { return k == path || strings.HasPrefix(k, path+".") })
		}
		l.must(def.Add(schema.AttrDef{Name: "display", Type: "integer"}))
		if state["known"], err = json.Marshal(known); err != nil {
			return err
		}
		state["def"] = def.Append(nil)
		next := *old
		if next.Attrs, err = json.Marshal(state); err != nil {
			return err
		}
		return tx.Save(old, &next, store.Event{Subject: old.ID, Kind: "x"})
	})
	l.must(err)

	check := func() int64 {
		t.Helper()
		l.reopen()
		typ, err := l.site.EntityType(ctx, l.who, "user")
		l.must(err)
		def := typ.Definition().Clone()
		has := func(path string) string {
			attr, err := def.Find(path)
			if err != nil {
				return ""
			}
			return attr.Type + " " + attr.Description
		}
		want, err := schema.DefaultUser().Definition().Find("statuses.status")
		l.must(err)
		for path, want := range map[string]string{
			"shoe": "integer ", "gender": "", "birthday": "date ours", "display": "integer ",
			"aboutMe": "string ", "primaryAddress.zip": "string ", "statuses.status": want.Type + " ",
		} {
			if got := has(path); got == "" != (want == "") || !strings.HasPrefix(got, want) {
				t.Errorf("%s is %q, want %q", path, got, want)
			}
		}
		var version int64
		l.must(l.store.Store.Site(1).View(ctx, func(r store.Reader) error {
			rec, err := r.ByName(profile.ID{}, profile.TypeName, string(profile.User))
			version = rec.Version
			return err
		}))
		return version
	}
	once := check()
	if again := check(); again != once {
		t.Errorf("each start writes the type: version %d, then %d", once, again)
	}
	_, err = l.site.CreateEntity(ctx, l.who, "user", []byte(`{"aboutMe":"x","statuses":[{"status":"new"}],"display":7}`))
	l.must(err)
}
