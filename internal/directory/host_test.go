package directory_test

import (
	"strings"
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
)

// neighbour makes a second site, where idtags can be registered.
func (w *world) neighbour() *directory.Site {
	w.t.Helper()
	s, err := w.dir.CreateSite(w.t.Context(), directory.NewSite{Name: "acme", Domain: "acme.example", Hosts: []string{"id.acme.example", "www.shop.example"}, Policy: directory.DefaultPolicy()})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := s.AddRegistrationToken(w.t.Context(), directory.NewRegistrationToken{Token: "acme-token", Uses: -1}); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// registered registers an idtag on the demo, or on the neighbour.
func (w *world) registered(s *directory.Site, idTag string) (directory.SignIn, error) {
	token := "registration-token"
	if s != w.demo {
		token = "acme-token"
	}
	local, _, _ := strings.Cut(idTag, "@")
	return s.RegisterIdentity(w.t.Context(), directory.NewIdentity{IDTag: idTag, Email: local + "@mail.example", Token: token}, directory.Exchanged)
}

func (w *world) mustRegister(s *directory.Site, idTag string) directory.SignIn {
	w.t.Helper()
	in, err := w.registered(s, idTag)
	if err != nil {
		w.t.Fatalf("%s: %v", idTag, err)
	}
	return in
}

// selects checks whom a host selects: "" is nobody.
func (w *world) selects(host, site, slug string) {
	w.t.Helper()
	s, got, err := w.dir.SiteAt(w.t.Context(), host)
	switch {
	case site == "" && !profile.IsKind(err, profile.NotFound):
		w.t.Errorf("%s: %v", host, err)
	case site != "" && (err != nil || s.Name() != site || got != slug):
		w.t.Errorf("%s: %v %q %v", host, s, got, err)
	}
}

func TestAnExplicitIDTagSelectsItsSiteAndIdentity(t *testing.T) {
	w := newWorld(t)
	acme := w.neighbour()
	w.mustRegister(acme, "ann@tags.example")
	w.mustRegister(acme, "jürgen@Bücher.example")
	for _, c := range []struct{ host, site, slug string }{
		{"cl-o.bob.example.com", "demo", "bob"},
		{"CL-O.Bob.Example.COM.:8080", "demo", "bob"},
		{"cl-o.ann.tags.example", "acme", "ann"},
		{"cl-o.xn--jrgen-kva.xn--bcher-kva.example", "acme", "jurgen"},
		{"cl-o.bob.localhost.localdomain", "", ""}, // he is known by another idtag
		{"cl-o.ann.acme.example", "", ""},
		{"cl-o.xia.example.com", "", ""},
		{"cl-o.example.com", "", ""},
	} {
		w.selects(c.host, c.site, c.slug)
	}
}

func TestAnIDTagIsOnePersonsOnAllSites(t *testing.T) {
	w := newWorld(t)
	acme := w.neighbour()
	w.mustRegister(acme, "ann@tags.example")
	for idTag, s := range map[string]*directory.Site{
		"bob@example.com": acme, "BOB.example.com": acme, "ann@tags.example": w.demo,
		tag("new"): acme, "new@sub.localhost.localdomain": acme, "new@acme.example": w.demo, "new@sub.acme.example": w.demo,
		"www@shop.example": w.demo, // the host of a site
	} {
		if fault, err := s.CheckIdentity(t.Context(), idTag); err != nil || fault != directory.IdentityUsed {
			t.Errorf("%s on %s: %q %v", idTag, s.Name(), fault, err)
		}
		_, err := w.registered(s, idTag)
		wantCode(t, err, profile.CodeTaken)
		if e := profile.AsError(err); e.Field != "idTag" {
			t.Errorf("%s: field %q", idTag, e.Field)
		}
	}
	_, err := w.demo.CreateCommunity(t.Context(), w.as("alice"), directory.NewCommunity{IDTag: "ann@tags.example"})
	wantCode(t, err, profile.CodeTaken)
	for idTag, s := range map[string]*directory.Site{"bob2@example.com": acme, "new@notacme.example": w.demo, "own@sub.acme.example": acme} {
		if fault, err := s.CheckIdentity(t.Context(), idTag); err != nil || fault != "" {
			t.Errorf("%s on %s: %q %v", idTag, s.Name(), fault, err)
		}
		w.mustRegister(s, idTag)
	}
}

func TestErasingFreesTheIDTagForEverySite(t *testing.T) {
	w := newWorld(t)
	acme := w.neighbour()
	if err := w.demo.EraseProfile(t.Context(), w.as("donny"), "bob"); err != nil {
		t.Fatal(err)
	}
	w.selects("cl-o.bob.example.com", "", "")
	w.mustRegister(acme, "bob@example.com")
	w.selects("cl-o.bob.example.com", "acme", "bob")
	_, err := w.registered(w.demo, "bob@example.com")
	wantCode(t, err, profile.CodeTaken)
}

func TestASiteIsNotMadeOverSomebodysIDTag(t *testing.T) {
	w := newWorld(t)
	for _, in := range []directory.NewSite{
		{Name: "a", Domain: "example.com"}, {Name: "a", Domain: "EXAMPLE.com."}, {Name: "a", Domain: "bob.example.com"}, {Name: "a", Domain: "com"},
		{Name: "a", Domain: "a.example", Hosts: []string{"bob.example.com"}},
	} {
		if _, err := w.dir.CreateSite(t.Context(), in); !profile.IsKind(err, profile.Taken) {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if _, err := w.dir.CreateSite(t.Context(), directory.NewSite{Name: "a", Domain: "a b\u200d.example"}); !profile.IsKind(err, profile.Invalid) {
		t.Errorf("a domain that is none: %v", err)
	}
}

func TestInternationalNamesAreOneInEitherForm(t *testing.T) {
	w := newWorld(t)
	in := w.mustRegister(w.demo, "Jürgen@BÜCHER.example")
	if got := w.demo.IDTag(&in.Subject); got != "jürgen@bücher.example" {
		t.Errorf("shown as %q", got)
	}
	for _, same := range []string{"jürgen@bücher.example", "xn--jrgen-kva@xn--bcher-kva.example", "jürgen.bücher.example", "JU\u0308RGEN@bücher.example"} {
		if fault, err := w.demo.CheckIdentity(t.Context(), same); err != nil || fault != directory.IdentityUsed {
			t.Errorf("%s: %q %v", same, fault, err)
		}
	}
	books, err := w.dir.CreateSite(t.Context(), directory.NewSite{Name: "books", Domain: "Straße.example", Policy: directory.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	w.selects("xn--strae-oqa.example", "books", "")
	for idTag, want := range map[string]directory.IdentityFault{
		"ann@straße.example": "", "ann@strasse.example": "", "jürgen@straße.example": "", // a slug in ASCII
		"ann@xn--a.example": directory.IdentityInvalid, strings.Repeat("a", 64) + "@tags.example": directory.IdentityInvalid,
		"ann@" + strings.Repeat("a", 64) + ".example": directory.IdentityInvalid, "ann@" + strings.Repeat("a23456789.", 24) + "tags.example": directory.IdentityInvalid,
	} {
		if fault, err := books.CheckIdentity(t.Context(), idTag); err != nil || fault != want {
			t.Errorf("%s: %q %v", idTag, fault, err)
		}
	}
}

func TestNobodyRegistersTheHostOfASite(t *testing.T) {
	w := newWorld(t)
	acme := w.neighbour()
	if _, err := w.dir.CreateSite(t.Context(), directory.NewSite{Name: "shop", Domain: "shop.example", Hosts: []string{"shop.localhost.localdomain"}, Policy: directory.DefaultPolicy()}); err != nil {
		t.Fatal(err)
	}
	for idTag, at := range map[string]*directory.Site{
		"acme@example":               acme,   // its own domain
		"id@acme.example":            acme,   // a host of its own, under its domain
		"shop@localhost.localdomain": w.demo, // a host of another, under its domain
	} {
		if check, err := at.VerifyIdentity(t.Context(), directory.WantedIdentity{IDTag: idTag}); err != nil || check.IDTagError != directory.IdentityUsed {
			t.Errorf("%s: %+v %v", idTag, check, err)
		}
		if _, err := w.registered(at, idTag); !profile.IsKind(err, profile.Taken) {
			t.Errorf("%s: %v", idTag, err)
		}
	}
	w.selects("cl-o.acme.example", "acme", "") // the site, and nobody on it
}
