package directory_test

import (
	"testing"

	"golang.org/x/crypto/bcrypt"

	"facet/internal/directory"
	"facet/internal/profile"
)

func TestPartsOfANameAreKeptAsTheyAre(t *testing.T) {
	w := newWorld(t)
	for slug, c := range map[string]struct {
		name profile.PersonName
		full string
	}{
		"parts":   {profile.PersonName{Given: "Jan Peter", Family: "van der Berg"}, "Jan Peter van der Berg"},
		"given":   {profile.PersonName{Given: "Cher"}, "Cher"},
		"family":  {profile.PersonName{Family: "Prince II"}, "Prince II"},
		"nothing": {profile.PersonName{}, "nothing"},
	} {
		in, err := w.demo.Register(t.Context(), directory.NewAccount{Username: slug, Email: slug + "@example.com", Password: "yoyo", Name: &c.name}, directory.Refreshed)
		if err != nil {
			t.Fatal(err)
		}
		if s := in.Subject; s.Name != c.name || s.FullName() != c.full || s.Personal {
			t.Errorf("%s: %+v, whole %q, personal %v", slug, s.Name, s.FullName(), s.Personal)
		}
	}
}

func TestRegisteringWithAHashSignsNobodyIn(t *testing.T) {
	w := newWorld(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("old password"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	joe := directory.NewAccount{Username: "joe1", Email: "joe@example.com", FullName: "Joe"}
	made, err := w.demo.RegisterHashed(t.Context(), joe, string(hash))
	if err != nil || made.Password != "password-bcrypt" || !made.LastLogin.IsZero() {
		t.Fatalf("%+v, %v", made, err)
	}
	_, err = w.demo.Login(t.Context(), credentials("joe1", "another"), directory.Exchanged)
	wantCode(t, err, profile.CodeCredentials)
	w.login("joe1", "old password", directory.Exchanged)
	w.login("joe1", "old password", directory.Exchanged) // by a hash of today's kind

	joe.Username, joe.Email = "joe2", "joe2@example.com"
	for _, bad := range []string{"", "old password", "$2b$99$" + string(hash[7:])} {
		_, err = w.demo.RegisterHashed(t.Context(), joe, bad)
		wantCode(t, err, profile.CodeInvalid)
	}
}
