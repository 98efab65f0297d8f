package directory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

func TestErasingAPersonTakesRefsAndEnrolmentAlong(t *testing.T) {
	w := newWorld(t)
	in, err := w.demo.RegisterIdentity(t.Context(), directory.NewIdentity{IDTag: "erin@example.com", Email: "erin@mail.example", Hosted: true}, directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	id := in.Subject.ID
	kept := func() (n int) {
		t.Helper()
		err := w.store.Site(1).View(t.Context(), func(r store.Reader) error {
			for _, kind := range []directory.RefType{directory.RefActivation, directory.RefWelcome, directory.RefFile} {
				rows, err := r.Tickets(id, string(kind))
				if err != nil {
					return err
				}
				n += len(rows)
			}
			rows, err := r.Secrets(id, "enrolment")
			n += len(rows)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := kept(); got != 2 {
		t.Fatalf("%d are kept", got)
	}
	if err := w.demo.EraseProfile(t.Context(), w.as("donny"), "erin"); err != nil {
		t.Fatal(err)
	}
	if got := kept(); got != 0 {
		t.Errorf("%d are left", got)
	}
}

func TestWhoMayRegisterIsPolicy(t *testing.T) {
	w := newWorld(t)
	for policy, want := range map[directory.Registration][3]profile.Code{ // without a ref, with one, with one of another site
		directory.RegistrationOpen:       {"", "", profile.CodeNotFound},
		directory.RegistrationInvitation: {profile.CodeRequired, "", profile.CodeNotFound},
		"":                               {profile.CodeRequired, "", profile.CodeNotFound},
		directory.RegistrationClosed:     {profile.CodeRegistrationClosed, profile.CodeRegistrationClosed, profile.CodeRegistrationClosed},
	} {
		name := "s" + strings.TrimSpace(string(policy))
		site, err := w.dir.CreateSite(t.Context(), directory.NewSite{Name: name, Domain: name + ".example", Policy: directory.Policy{Registration: policy}})
		if err != nil {
			t.Fatal(err)
		}
		made, err := site.AddRegistrationToken(t.Context(), directory.NewRegistrationToken{Uses: -1})
		if err != nil {
			t.Fatal(err)
		}
		for i, token := range []string{"", made.Token, "registration-token"} {
			_, err := site.RegisterIdentity(t.Context(), directory.NewIdentity{
				IDTag: fmt.Sprintf("new%d@%s.example", i, name), Email: fmt.Sprintf("new%d@mail.example", i), Token: token,
			}, directory.Exchanged)
			if want[i] != "" {
				wantCode(t, err, want[i])
			} else if err != nil {
				t.Errorf("%q, token %q: %v", policy, token, err)
			}
		}
	}
}

func TestRefsAreKeptSealed(t *testing.T) {
	w := newWorld(t)
	ref, err := w.demo.CreateRef(t.Context(), w.as("donny"), directory.Ref{Type: directory.RefRegister, Uses: 1, Expires: w.clock.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	err = w.store.Site(1).View(t.Context(), func(r store.Reader) error {
		rows, err := r.Tickets(profile.ID{}, string(directory.RefRegister))
		for _, row := range rows {
			if strings.Contains(string(row.Data), ref.ID) || strings.Contains(row.Digest, ref.ID) {
				t.Errorf("the key can be read: %s", row.Data)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is listed, whatever the page, is what was made and not deleted, the
// newest first.
func TestPagesOfRefsAreTheWholeList(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	fewer(t, 8)
	rapid.Check(t, func(rt *rapid.T) {
		var made []string
		before, err := w.demo.Refs(t.Context(), donny, directory.RefQuery{Type: directory.RefInvite, Window: directory.Window{Max: 100}})
		if err != nil {
			rt.Fatal(err)
		}
		for _, ref := range before.Items {
			if err := w.demo.DropRef(t.Context(), donny, ref.ID); err != nil {
				rt.Fatal(err)
			}
		}
		for range rapid.IntRange(0, 9).Draw(rt, "made") {
			w.clock.add(time.Duration(rapid.IntRange(0, 1).Draw(rt, "later")) * time.Second)
			ref, err := w.demo.CreateRef(t.Context(), donny, directory.Ref{Type: directory.RefInvite, Uses: 1})
			if err != nil {
				rt.Fatal(err)
			}
			made = append(made, ref.ID)
		}
		size, got, after, last := rapid.IntRange(1, 4).Draw(rt, "size"), map[string]bool{}, "", time.Time{}
		for {
			part, err := w.demo.Refs(t.Context(), donny, directory.RefQuery{Type: directory.RefInvite, Window: directory.Window{After: after, Max: size}})
			if err != nil {
				rt.Fatal(err)
			}
			for _, ref := range part.Items {
				if got[ref.ID] || !last.IsZero() && ref.Created.After(last) {
					rt.Fatalf("%s is there twice, or out of order", ref.ID)
				}
				got[ref.ID], last = true, ref.Created
			}
			if after = part.Next; after == "" {
				break
			}
		}
		if len(got) != len(made) {
			rt.Fatalf("%d of %d are listed", len(got), len(made))
		}
	})
}
