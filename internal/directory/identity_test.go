package directory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/media"
	"facet/internal/profile"
	"facet/internal/store"
)

func tag(slug string) string { return slug + "@localhost.localdomain" }

func (w *world) loginTag(idTag string) (directory.SignIn, error) {
	return w.demo.Login(w.t.Context(), directory.Credentials{Login: idTag, Password: "yoyo", Spaces: []profile.Space{profile.IDTag}}, directory.Exchanged)
}

func TestLoginByIDTagFindsIDTagsAndNothingElse(t *testing.T) {
	w := newWorld(t)
	for idTag, slug := range map[string]string{
		tag("xia"): "xia", "XIA@LOCALHOST.localdomain": "xia", "xia.localhost.localdomain": "xia", "bob@example.com": "bob", "bob.example.com": "bob",
	} {
		in, err := w.loginTag(idTag)
		if err != nil || in.Subject.Slug != slug {
			t.Errorf("%s: %v %v", idTag, in.Subject.Slug, err)
		}
	}
	for _, idTag := range []string{"xia", "bob", tag("bob"), tag("nobody"), tag("cowork"), "", "@", "bob@example.org"} {
		_, err := w.loginTag(idTag)
		if !profile.IsCode(err, profile.CodeCredentials) {
			t.Errorf("%q: %v", idTag, err)
		}
	}
}

func TestCheckIdentityTellsWhatCannotBeHad(t *testing.T) {
	w := newWorld(t)
	for idTag, want := range map[string]directory.IdentityFault{
		"alice@example.com": "", "devs.example.com": "", tag("free"): "", "free.localhost.localdomain": "",
		tag("alice"): directory.IdentityUsed, "ALICE@localhost.localdomain": directory.IdentityUsed, "bob@example.com": directory.IdentityUsed,
		"bob.example.com": directory.IdentityUsed, tag("cowork"): directory.IdentityUsed, tag("bob"): directory.IdentityUsed,
		tag("me"): directory.IdentityInvalid, "": directory.IdentityInvalid, "a": directory.IdentityInvalid, "a@b": directory.IdentityInvalid,
		"a b@example.com": directory.IdentityInvalid, "a@b@example.com": directory.IdentityInvalid, "-a@example.com": directory.IdentityInvalid,
		"a@example..com": directory.IdentityInvalid, "a@exa_mple.com": directory.IdentityInvalid, "a/b@example.com": directory.IdentityInvalid,
		strings.Repeat("a", 250) + "@example.com": directory.IdentityInvalid, "\x00@example.com": directory.IdentityInvalid,
	} {
		got, err := w.demo.CheckIdentity(t.Context(), idTag)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", idTag, got, err, want)
		}
	}
}

func TestAnyTextIsCheckedWithoutAnError(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		idTag := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zÄ@. _-]{0,12}@?[a-z.-]{0,12}`)).Draw(t, "idTag")
		if _, err := w.demo.CheckIdentity(context.Background(), idTag); err != nil {
			t.Fatal(err)
		}
	})
}

func newIdentity(n int, token string) directory.NewIdentity {
	return directory.NewIdentity{IDTag: fmt.Sprintf("new%d@example.com", n), Email: fmt.Sprintf("new%d@mail.example", n), Token: token}
}

func TestARegistrationTokenOfOneUseIsSpentOnce(t *testing.T) {
	w := newWorld(t)
	if err := w.demo.AddRegistrationToken(t.Context(), "once", 1); err != nil {
		t.Fatal(err)
	}
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := w.demo.RegisterIdentity(t.Context(), newIdentity(i, "once"), directory.Exchanged)
			switch {
			case err == nil:
				made.Add(1)
			case profile.AsError(err).Field != "token":
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d were made", made.Load())
	}
	wantCode(t, w.demo.CheckRegistration(t.Context(), "once"), profile.CodeInvalid)
}

func TestARefusedRegistrationSpendsNothing(t *testing.T) {
	w := newWorld(t)
	if err := w.demo.AddRegistrationToken(t.Context(), "once", 1); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   directory.NewIdentity
		code profile.Code
	}{
		"used idtag":    {directory.NewIdentity{IDTag: "bob@example.com", Email: "a@mail.example", Token: "once"}, profile.CodeTaken},
		"used slug":     {directory.NewIdentity{IDTag: tag("alice"), Email: "a@mail.example", Token: "once"}, profile.CodeTaken},
		"used e-mail":   {directory.NewIdentity{IDTag: "a@example.com", Email: tag("alice"), Token: "once"}, profile.CodeTaken},
		"no idtag":      {directory.NewIdentity{IDTag: "a b", Email: "a@mail.example", Token: "once"}, profile.CodeInvalid},
		"no e-mail":     {directory.NewIdentity{IDTag: "a@example.com", Email: "nobody", Token: "once"}, profile.CodeConstraint},
		"unknown token": {directory.NewIdentity{IDTag: "a@example.com", Email: "a@mail.example", Token: "other"}, profile.CodeInvalid},
		"another's key": {directory.NewIdentity{IDTag: "a@example.com", Email: "a@mail.example", Token: "demo-api-key"}, profile.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.demo.RegisterIdentity(t.Context(), c.in, directory.Exchanged)
			wantCode(t, err, c.code)
		})
	}
	if _, err := w.demo.RegisterIdentity(t.Context(), newIdentity(1, "once"), directory.Exchanged); err != nil {
		t.Error(err)
	}
}

func TestARegisteredIdentityIsAPersonWithAHousehold(t *testing.T) {
	w := newWorld(t)
	in, err := w.demo.RegisterIdentity(t.Context(), directory.NewIdentity{
		IDTag: "Erin@Example.COM", Email: "erin@mail.example", Token: "registration-token", Extra: map[string]json.RawMessage{"lang": json.RawMessage(`"en"`)},
	}, directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	p := in.Subject
	if w.demo.IDTag(&p) != "erin@example.com" || p.FullName() != "Erin" || !p.Personal || p.ExtraText("cloudillo.lang") != "en" || p.Slug != "erin" {
		t.Errorf("%+v", p)
	}
	if claims := decodeClaims(t, in.Token); claims["idTag"] != "erin@example.com" || claims["user_profile_id"] == "" {
		t.Errorf("%v", claims)
	}
	if me, err := w.demo.Me(t.Context(), w.who(in)); err != nil || me.ID != p.ID {
		t.Errorf("%+v, %v", me, err)
	}
}

func TestACommunityHasOneOwner(t *testing.T) {
	w := newWorld(t)
	callers := []access.Principal{w.as("alice"), w.as("xia"), w.as("bob")}
	var wg sync.WaitGroup
	made := make([]error, len(callers))
	for i, who := range callers {
		wg.Go(func() {
			_, made[i] = w.demo.CreateCommunity(t.Context(), who, directory.NewCommunity{IDTag: "devs@example.com", Name: "Devs"})
		})
	}
	wg.Wait()
	owners := 0
	for i, err := range made {
		if err == nil {
			owners++
			if _, err := w.demo.Profile(t.Context(), callers[i], "devs"); err != nil {
				t.Errorf("the owner does not manage it: %v", err)
			}
			continue
		}
		wantCode(t, err, profile.CodeTaken)
		if profile.AsError(err).Field != "idTag" {
			t.Error(err)
		}
	}
	if owners != 1 {
		t.Fatalf("%d owners", owners)
	}
	rec := w.record("devs")
	err := w.store.Site(1).Update(t.Context(), func(tx store.Tx) error {
		return tx.Claim(rec.ID, profile.CommunityOwner, "", w.record("donny").ID)
	})
	wantCode(t, err, profile.CodeTaken)
}

func (w *world) record(slug string) *store.Record {
	w.t.Helper()
	rec, err := w.store.Site(1).Get(w.t.Context(), profile.Slug, slug)
	if err != nil {
		w.t.Fatal(slug, err)
	}
	return rec
}

func TestWhoMakesCommunitiesIsPolicy(t *testing.T) {
	w := newWorld(t)
	other, err := w.dir.CreateSite(t.Context(), directory.NewSite{Name: "strict", Domain: "strict.example", Policy: directory.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.AddOperator(t.Context(), directory.NewOperator{Username: "op", Email: "op@strict.example", Password: "a long password"}); err != nil {
		t.Fatal(err)
	}
	in, err := other.Login(t.Context(), credentials("op", "a long password"), directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	op, err := other.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.CreateCommunity(t.Context(), op, directory.NewCommunity{IDTag: "team@strict.example"}); err != nil {
		t.Errorf("an operator: %v", err)
	}
	_, err = other.CreateCommunity(t.Context(), access.Principal{Subject: profile.ID{7}, Session: profile.ID{8}}, directory.NewCommunity{IDTag: "club@strict.example"})
	wantCode(t, err, profile.CodeForbidden)
}

func TestDisablingStopsEveryTokenAndSignIn(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	tokens := []directory.SignIn{w.login("xia", "yoyo", directory.Exchanged), w.login("xia", "yoyo", directory.Refreshed)}
	set := func(disabled bool) {
		t.Helper()
		if _, err := w.demo.EditIdentity(t.Context(), donny, tag("xia"), directory.AdminEdit{Disabled: &disabled}); err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	set(true)
	for _, in := range tokens {
		if _, err := w.demo.Authenticate(t.Context(), in.Token); !profile.IsKind(err, profile.Unauthenticated) {
			t.Errorf("a token still works: %v", err)
		}
	}
	if _, err := w.demo.Refresh(t.Context(), tokens[1].Refresh); err == nil {
		t.Error("a refresh token still works")
	}
	_, err := w.loginTag(tag("xia"))
	wantCode(t, err, profile.CodeDisabled)
	if _, err := w.demo.PublicIdentity(t.Context(), "xia"); !profile.IsKind(err, profile.NotFound) {
		t.Errorf("still shown: %v", err)
	}
	p, err := w.demo.Identity(t.Context(), donny, tag("xia"))
	if err != nil || p.Status() != "suspended" {
		t.Errorf("%s, %v", p.Status(), err)
	}
	set(false)
	if _, err := w.loginTag(tag("xia")); err != nil {
		t.Error(err)
	}
}

func TestTheLastActiveManagerOfTheBrokerIsNeitherDisabledNorErased(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	yes := true
	disable := func(who access.Principal, slug string) error {
		_, err := w.demo.EditIdentity(t.Context(), who, tag(slug), directory.AdminEdit{Disabled: &yes})
		return err
	}
	wantCode(t, disable(donny, "donny"), profile.CodeLastManager)
	wantCode(t, disable(donny, "cowork"), profile.CodeLastManager)
	if _, err := w.demo.AddOperator(t.Context(), directory.NewOperator{Username: "op", Email: "op@example.com", Password: "yoyo"}); err != nil {
		t.Fatal(err)
	}
	op := w.as("op")
	var wg sync.WaitGroup
	errs := make([]error, 2)
	wg.Go(func() { errs[0] = disable(donny, "op") })
	wg.Go(func() { errs[1] = disable(op, "donny") })
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("of two who disable each other one stays: %v, %v", errs[0], errs[1])
	}
	left, who := "donny", donny
	if errs[1] == nil {
		left, who = "op", op
	}
	wantCode(t, disable(who, left), profile.CodeLastManager)
	wantCode(t, w.demo.EraseProfile(t.Context(), who, left), profile.CodeLastManager)
}

func TestOnlyAnOperatorEditsOthers(t *testing.T) {
	w := newWorld(t)
	name := "Renamed"
	for _, who := range []string{"alice", "bob"} {
		_, err := w.demo.EditIdentity(t.Context(), w.as(who), "bob@example.com", directory.AdminEdit{Name: &name})
		wantCode(t, err, profile.CodeForbidden)
	}
	donny := w.as("donny")
	_, err := w.demo.EditIdentity(t.Context(), donny, "bob@example.com", directory.AdminEdit{Roles: []string{"boss"}})
	wantCode(t, err, profile.CodeChoice)
	_, err = w.demo.EditIdentity(t.Context(), donny, tag("nobody"), directory.AdminEdit{Name: &name})
	wantCode(t, err, profile.CodeNotFound)
	p, err := w.demo.EditIdentity(t.Context(), donny, "bob@example.com", directory.AdminEdit{Name: &name, Roles: []string{"moderator"}})
	if err != nil || p.FullName() != name || string(p.Extra("cloudillo.roles")) != `["moderator"]` {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestMeIsEditedByItselfAndByWhoManagesIt(t *testing.T) {
	w := newWorld(t)
	alice, xia, donny := w.as("alice"), w.as("xia"), w.as("donny")
	if _, err := w.demo.CreateCommunity(t.Context(), alice, directory.NewCommunity{IDTag: tag("club")}); err != nil {
		t.Fatal(err)
	}
	name := "New Name"
	edit := directory.Edit{FullName: &name, Face: "cloudillo"}
	for _, c := range []struct {
		who  access.Principal
		slug string
		want profile.Code
	}{{alice, "", ""}, {alice, "alice", ""}, {alice, "club", ""}, {xia, "club", profile.CodeForbidden}, {donny, "club", profile.CodeForbidden},
		{xia, "alice", profile.CodeForbidden}, {alice, "nobody", profile.CodeNotFound}, {access.Principal{}, "", profile.CodeNoAuth}} {
		p, err := w.demo.EditMe(t.Context(), c.who, c.slug, edit)
		if c.want != "" {
			wantCode(t, err, c.want)
		} else if err != nil || p.FullName() != name {
			t.Errorf("%s: %+v, %v", c.slug, p, err)
		}
	}
}

func TestWhatOneFaceKeepsIsBounded(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	value, _ := json.Marshal(strings.Repeat("v", 4000))
	for i := range 100 {
		patch := map[string]json.RawMessage{fmt.Sprint("key", i): value}
		_, err := w.demo.EditMe(t.Context(), alice, "", directory.Edit{Face: "cloudillo", Inner: map[string]map[string]json.RawMessage{"x": patch}})
		if err != nil {
			if !profile.IsKind(err, profile.TooLarge) || i < 20 {
				t.Fatalf("%d: %v", i, err)
			}
			return
		}
	}
	t.Error("x grows without bound")
}

// pictures of one color, of any size.
func pngBytes(t testing.TB, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 4, 4))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readFile gives the content of a stored file, nil when there is none.
func (w *world) readFile(key string) []byte {
	w.t.Helper()
	f, err := w.demo.OpenFile(w.t.Context(), key)
	if profile.IsKind(err, profile.NotFound) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := io.ReadAll(f.Content)
	if err := errors.Join(err, f.Content.Close()); err != nil {
		w.t.Fatal(err)
	}
	return b
}

// doBlobs does the jobs that delete files, and gives their number.
func (w *world) doBlobs() int {
	w.t.Helper()
	jobs, err := w.store.System().DueJobs(w.t.Context(), w.clock.Now(), 0, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	n := 0
	for _, job := range jobs {
		if job.Kind != store.BlobJob {
			continue
		}
		var body store.BlobBody
		if err := json.Unmarshal(job.Body, &body); err != nil {
			w.t.Fatal(err)
		}
		if err := errors.Join(w.dir.DropFile(w.t.Context(), job.Site, body.Key), w.store.System().FinishJob(w.t.Context(), job)); err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	return n
}

func (w *world) onDisk(key string) bool {
	w.t.Helper()
	f, err := w.media.Open(1, key)
	if err == nil {
		f.Close()
	}
	return err == nil
}

func TestAReplacedPictureIsDeletedWhenNobodyUsesIt(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	set := func(who access.Principal, slot directory.PictureSlot, shade uint8) string {
		t.Helper()
		key, err := w.demo.SetPicture(t.Context(), who, "", slot, pngBytes(t, shade))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(w.readFile(key), pngBytes(t, shade)) {
			t.Errorf("%s is not there", key)
		}
		return key
	}
	first := set(alice, directory.ProfilePicture, 1)
	if again := set(alice, directory.ProfilePicture, 1); again != first || first != media.Key(pngBytes(t, 1)) {
		t.Errorf("%s, %s", first, again)
	}
	set(xia, directory.CoverPicture, 1)
	set(alice, directory.ProfilePicture, 2)
	if w.doBlobs() != 0 || w.readFile(first) == nil {
		t.Error("a picture that another uses is gone")
	}
	set(xia, directory.CoverPicture, 3)
	if w.readFile(first) != nil {
		t.Error("an unused picture is still given out")
	}
	if !w.onDisk(first) || w.doBlobs() != 1 || w.onDisk(first) {
		t.Error("the file is not deleted by its job")
	}
	set(alice, directory.CoverPicture, 2) // once more, for something else
	set(alice, directory.ProfilePicture, 1)
	if w.doBlobs() != 0 {
		t.Error("the cover's file was to be deleted")
	}
	me, err := w.demo.Me(t.Context(), alice)
	if err != nil || me.Picture() != "/api/file/"+first || me.Cover() != "/api/file/"+media.Key(pngBytes(t, 2)) {
		t.Errorf("%s %s %v", me.Picture(), me.Cover(), err)
	}
}

func TestAFileStoredAgainSurvivesTheJobThatWasToDeleteIt(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	var key string
	for _, shade := range []uint8{1, 2} {
		k, err := w.demo.SetPicture(t.Context(), alice, "", directory.ProfilePicture, pngBytes(t, shade))
		if err != nil {
			t.Fatal(err)
		}
		if shade == 1 {
			key = k
		}
	}
	if _, err := w.demo.SetPicture(t.Context(), xia, "", directory.ProfilePicture, pngBytes(t, 1)); err != nil {
		t.Fatal(err)
	}
	if w.doBlobs() != 1 || w.readFile(key) == nil {
		t.Error("a file in use was deleted")
	}
}

func TestPicturesAndDeletionsAtOnceLoseNoFile(t *testing.T) {
	w := newWorld(t)
	callers := []access.Principal{w.as("alice"), w.as("xia"), w.as("bob")}
	var wg sync.WaitGroup
	for i, who := range callers {
		wg.Go(func() {
			for n := range 10 {
				if _, err := w.demo.SetPicture(t.Context(), who, "", directory.ProfilePicture, pngBytes(t, uint8((i+n)%3))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 30 {
			w.doBlobs()
		}
	})
	wg.Wait()
	w.doBlobs()
	used := map[string]bool{}
	for _, who := range callers {
		me, err := w.demo.Me(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		key := strings.TrimPrefix(me.Picture(), directory.FilePath)
		if used[key] = true; w.readFile(key) == nil {
			t.Errorf("%s is lost", key)
		}
	}
	for shade := range uint8(3) {
		if key := media.Key(pngBytes(t, shade)); w.onDisk(key) != used[key] {
			t.Errorf("%s: on disk %v, used %v", key, w.onDisk(key), used[key])
		}
	}
}

func TestErasingDeletesPictures(t *testing.T) {
	w := newWorld(t)
	xia := w.as("xia")
	var keys []string
	for i, slot := range []directory.PictureSlot{directory.ProfilePicture, directory.CoverPicture} {
		key, err := w.demo.SetPicture(t.Context(), xia, "", slot, pngBytes(t, uint8(i)))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if err := w.demo.EraseProfile(t.Context(), xia, "xia"); err != nil {
		t.Fatal(err)
	}
	if n := w.doBlobs(); n != 2 {
		t.Errorf("%d jobs", n)
	}
	for _, key := range keys {
		if w.readFile(key) != nil || w.onDisk(key) {
			t.Errorf("%s is still there", key)
		}
	}
}

func TestARefusedPictureLeavesNothing(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	for name, c := range map[string]struct {
		who  access.Principal
		slug string
		data []byte
		want profile.Kind
	}{
		"nobody":           {access.Principal{}, "", pngBytes(t, 9), profile.Unauthenticated},
		"of somebody else": {xia, "alice", pngBytes(t, 9), profile.Forbidden},
		"of nobody":        {xia, "nobody", pngBytes(t, 9), profile.NotFound},
		"empty":            {alice, "", nil, profile.Missing},
		"no picture":       {alice, "", []byte("<svg/>"), profile.Invalid},
		"gone meanwhile":   {access.Principal{Subject: profile.ID{9}, Session: profile.ID{8}}, "", pngBytes(t, 9), profile.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.demo.SetPicture(t.Context(), c.who, c.slug, directory.ProfilePicture, c.data)
			if !profile.IsKind(err, c.want) {
				t.Errorf("%v, want kind %v", err, c.want)
			}
			if w.onDisk(media.Key(pngBytes(t, 9))) {
				t.Error("the file is there")
			}
		})
	}
}

func TestAPictureStandsBesideOtherPhotos(t *testing.T) {
	w := newWorld(t)
	photos := `{"photos":[{"type":"other","value":"https://pictures.example/1.png"}]}`
	rec := w.record("alice")
	_, err := w.demo.UpdateEntity(t.Context(), w.owner(), "user", directory.Selector{ID: rec.ID}, directory.Guards{}, directory.EntityChange{Value: []byte(photos)})
	if err != nil {
		t.Fatal(err)
	}
	alice := w.as("alice")
	if me, err := w.demo.Me(t.Context(), alice); err != nil || me.Picture() != "https://pictures.example/1.png" {
		t.Errorf("%s, %v", me.Picture(), err)
	}
	for shade := range uint8(3) {
		key, err := w.demo.SetPicture(t.Context(), alice, "", directory.ProfilePicture, pngBytes(t, shade))
		if err != nil {
			t.Fatal(err)
		}
		if me, err := w.demo.Me(t.Context(), alice); err != nil || me.Picture() != "/api/file/"+key {
			t.Errorf("%s, %v", me.Picture(), err)
		}
	}
	if n := strings.Count(string(w.record("alice").Attrs), `"value"`); n != 2 {
		t.Errorf("%d photos: %s", n, w.record("alice").Attrs)
	}
}

func TestACommunityHasThePictureOfAStoredFile(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	for i, given := range []string{"b1~abc123", "/api/file/b1~abc123", "/file/b1~abc123"} {
		p, err := w.demo.CreateCommunity(t.Context(), alice, directory.NewCommunity{IDTag: fmt.Sprintf("club%d@example.com", i), Picture: given})
		if err != nil || p.Picture() != "/api/file/b1~abc123" {
			t.Errorf("%s: %s, %v", given, p.Picture(), err)
		}
	}
	for _, given := range []string{"b1~nothing", "nothing", "https://evil.example/x.png", "../b1~abc123/.."} {
		_, err := w.demo.CreateCommunity(t.Context(), alice, directory.NewCommunity{IDTag: "club9@example.com", Picture: given})
		if profile.AsError(err).Field != "profilePic" {
			t.Errorf("%s: %v", given, err)
		}
	}
}

// Every pair of persons is in one of few states, whatever they do.
func TestRelationshipsStayLegal(t *testing.T) {
	w := newWorld(t)
	who := []access.Principal{w.as("alice"), w.as("xia"), w.as("casey")}
	tags := []string{tag("alice"), tag("xia"), tag("casey")}
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 12).Draw(t, "moves") {
			i := rapid.IntRange(0, 2).Draw(t, "who")
			j := (i + rapid.IntRange(1, 2).Draw(t, "whom")) % 3
			move := rapid.SampledFrom(directory.Moves).Draw(t, "move")
			p, err := w.demo.Relate(context.Background(), who[i], tags[j], move)
			switch {
			case profile.IsKind(err, profile.NotFound), profile.IsKind(err, profile.Conflict):
			case err != nil:
				t.Fatal(err)
			default:
				wantMove(t, &p, move)
			}
		}
		for i := range who {
			for j := range who {
				if i != j {
					w.legal(t, who[i], who[j], tags[i], tags[j])
				}
			}
		}
	})
}

// wantMove checks what a move is for.
func wantMove(t rapid.TB, p *directory.Identity, move directory.Move) {
	t.Helper()
	ok := map[directory.Move]bool{
		directory.Follow: p.Following, directory.Unfollow: !p.Following,
		directory.Connect: (p.Connected || p.Pending) && p.Following, directory.Disconnect: !p.Connected && !p.Pending && !p.Asked,
		directory.Block: p.Blocked, directory.Unblock: !p.Blocked, directory.Mute: p.Muted, directory.Unmute: !p.Muted,
	}[move]
	if !ok {
		t.Fatalf("after %s: %+v", move, p.Relationship)
	}
}

func (w *world) legal(t rapid.TB, a, b access.Principal, tagA, tagB string) {
	t.Helper()
	ab, errA := w.demo.Identity(context.Background(), a, tagB)
	ba, errB := w.demo.Identity(context.Background(), b, tagA)
	if errA == nil && ab.Blocked {
		if !profile.IsKind(errB, profile.NotFound) {
			t.Fatalf("who is blocked sees: %v", errB)
		}
		if ab.Following || ab.Follower || ab.Connected || ab.Pending || ab.Asked {
			t.Fatalf("blocked, and %+v", ab.Relationship)
		}
	}
	if errA != nil || errB != nil {
		return
	}
	if ab.Connected != ba.Connected || ab.Pending != ba.Asked || ab.Asked != ba.Pending || ab.Following != ba.Follower || ab.Follower != ba.Following {
		t.Fatalf("%+v, and %+v from the other side", ab.Relationship, ba.Relationship)
	}
}

func TestMovesFromBothSidesAtOnceEndInOneLegalState(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	for _, pair := range [][2]directory.Move{
		{directory.Connect, directory.Connect}, {directory.Connect, directory.Block}, {directory.Follow, directory.Block},
		{directory.Block, directory.Block}, {directory.Connect, directory.Disconnect}, {directory.Block, directory.Unblock},
	} {
		for range 5 {
			var wg sync.WaitGroup
			relate := func(who access.Principal, whom string, move directory.Move) {
				_, err := w.demo.Relate(t.Context(), who, whom, move)
				if err != nil && !profile.IsKind(err, profile.NotFound) && !profile.IsKind(err, profile.Conflict) {
					t.Error(err)
				}
			}
			wg.Go(func() { relate(alice, tag("xia"), pair[0]) })
			wg.Go(func() { relate(xia, tag("alice"), pair[1]) })
			wg.Wait()
			w.legal(t, alice, xia, tag("alice"), tag("xia"))
			w.legal(t, xia, alice, tag("xia"), tag("alice"))
		}
		for _, move := range []directory.Move{directory.Unblock, directory.Disconnect, directory.Unfollow} {
			_, errA := w.demo.Relate(t.Context(), alice, tag("xia"), move)
			_, errB := w.demo.Relate(t.Context(), xia, tag("alice"), move)
			_, errC := w.demo.Relate(t.Context(), alice, tag("xia"), move)
			if err := errors.Join(errC, errB); err != nil && move != directory.Unblock || errA != nil && errC != nil {
				t.Fatal(move, errA, errB, errC)
			}
		}
	}
}

func TestWhoIsBlockedFindsNobody(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	if _, err := w.demo.Relate(t.Context(), alice, tag("xia"), directory.Block); err != nil {
		t.Fatal(err)
	}
	_, err := w.demo.Identity(t.Context(), xia, tag("alice"))
	wantCode(t, err, profile.CodeNotFound)
	_, err = w.demo.Relate(t.Context(), xia, tag("alice"), directory.Follow)
	wantCode(t, err, profile.CodeNotFound)
	for _, q := range []directory.IdentityQuery{{Term: "alice"}, {IDTag: tag("alice")}, {Status: []string{"active", "blocked"}, Term: "alice"}} {
		q.Limit = 10
		if found, _, _, err := w.demo.Identities(t.Context(), xia, q); err != nil || len(found) != 0 {
			t.Errorf("%+v: %d found, %v", q, len(found), err)
		}
	}
	_, err = w.demo.Relate(t.Context(), alice, tag("xia"), directory.Follow)
	if !profile.IsKind(err, profile.Conflict) {
		t.Errorf("following whom one blocks: %v", err)
	}
	_, err = w.demo.Relate(t.Context(), alice, tag("alice"), directory.Follow)
	if !profile.IsKind(err, profile.Invalid) {
		t.Errorf("following oneself: %v", err)
	}
}

func TestNoEMailAndNoPhoneIsFoundOutByASearch(t *testing.T) {
	w := newWorld(t)
	if _, err := w.demo.Register(t.Context(), directory.NewAccount{
		Kind: directory.AccountPersonal, Username: "quiet", Email: "secret.person@hidden.example", Phone: "+14155550123", Password: "yoyo", FullName: "Quiet One",
	}, directory.Exchanged); err != nil {
		t.Fatal(err)
	}
	xia := w.as("xia")
	for term, want := range map[string]int{
		"secret": 0, "hidden": 0, "secret.person@hidden.example": 0, "415555": 0, "quiet": 1, "QUIET ONE": 1, "quiet@localhost": 1, "@": 7,
	} {
		found, _, _, err := w.demo.Identities(t.Context(), xia, directory.IdentityQuery{Term: term, Limit: 100})
		if err != nil || len(found) != want {
			t.Errorf("%q: %d found, want %d, %v", term, len(found), want, err)
		}
	}
}

func TestPagesOfProfilesAreCompleteAndInOrder(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	for i := range 7 {
		if _, err := w.demo.CreateCommunity(t.Context(), alice, directory.NewCommunity{IDTag: fmt.Sprintf("club%d@example.com", i), Name: fmt.Sprint("Club ", i%2)}); err != nil {
			t.Fatal(err)
		}
	}
	all, _, more, err := w.demo.Identities(t.Context(), alice, directory.IdentityQuery{Limit: 100})
	if err != nil || more || len(all) != 13 {
		t.Fatal(len(all), more, err)
	}
	for limit := 1; limit <= 14; limit++ {
		q := directory.IdentityQuery{Limit: limit}
		var got []directory.Identity
		for more := true; more; {
			var page []directory.Identity
			page, q.After, more, err = w.demo.Identities(t.Context(), alice, q)
			if err != nil || len(page) > limit || more && len(page) != limit {
				t.Fatal(limit, len(page), more, err)
			}
			got = append(got, page...)
		}
		if len(got) != len(all) {
			t.Fatalf("pages of %d give %d", limit, len(got))
		}
		for i := range got {
			if got[i].ID != all[i].ID {
				t.Fatalf("pages of %d: %s at %d", limit, got[i].FullName(), i)
			}
		}
	}
}
