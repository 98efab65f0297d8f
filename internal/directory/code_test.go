package directory_test

import (
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
)

func TestWhoHasOnlyAScopeHasNoCodesSentToStrangers(t *testing.T) {
	w := newWorld(t)
	acme := w.neighbour() // registration is by invitation
	in := w.mustRegister(acme, "ann@tags.example")
	whole, err := acme.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	scoped, err := acme.ScopedToken(t.Context(), whole, []string{"file:b1~abc123:R"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	narrow, err := acme.Authenticate(t.Context(), scoped.Token)
	if err != nil {
		t.Fatal(err)
	}
	mails := func() (n int) {
		jobs, err := w.store.System().DueJobs(t.Context(), w.clock.Now(), time.Minute, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			if j.Kind == directory.MailJob {
				n++
			}
		}
		return n
	}
	mails()
	for _, c := range []struct {
		who   access.Principal
		email string
		want  int
	}{{access.Principal{}, "a@mail.example", 0}, {narrow, "b@mail.example", 0}, {whole, "c@mail.example", 1}} {
		if err := acme.Recover(t.Context(), c.who, c.email, []profile.Space{profile.Email}); err != nil {
			t.Fatal(err)
		}
		if n := mails(); n != c.want {
			t.Errorf("%s: %d mails", c.email, n)
		}
	}
}
