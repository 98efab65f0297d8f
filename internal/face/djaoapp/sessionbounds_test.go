package djaoapp_test

import (
	"testing"
	"time"

	"facet/internal/face/djaoapp"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store"
)

func TestOfAPersonsSessionsTheOldestEndAndThoseThatAreOverGo(t *testing.T) {
	s := facetest.New(t, djaoapp.New())
	oldest := s.Login(t, "donny")
	site := s.Store.Site(1)
	count := func() (n int) {
		t.Helper()
		err := site.View(t.Context(), func(r store.Reader) error {
			donny, err := r.ByName(profile.ID{}, profile.Slug, "donny")
			if err != nil {
				return err
			}
			rows, err := r.Sessions(donny.ID)
			n = len(rows)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	s.Clock.Advance(time.Minute)
	err := site.Update(t.Context(), func(tx store.Tx) error { // he signs in 99 times more
		donny, err := tx.ByName(profile.ID{}, profile.Slug, "donny")
		for range 99 {
			if err != nil {
				return err
			}
			now := s.Clock.Now()
			err = tx.PutSession(&store.Session{ID: profile.NewIDIn(now, donny.Bucket), Subject: donny.ID, Created: now, Expires: now.Add(time.Hour)})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	works := func(token string) bool {
		return s.Get(t, token, "/api/auth/tokens").Status == 200
	}
	if !works(oldest) || count() != 100 {
		t.Fatalf("%d sessions", count())
	}
	s.Clock.Advance(time.Minute)
	newest := s.Login(t, "donny")
	if works(oldest) || !works(newest) || count() != 100 {
		t.Errorf("the oldest works: %v, the newest: %v, %d sessions", works(oldest), works(newest), count())
	}
	s.Clock.Advance(2 * time.Hour)
	if s.Login(t, "donny"); count() != 2 {
		t.Errorf("%d sessions when 99 of 101 are over", count())
	}
	s.Clock.Advance(31 * 24 * time.Hour)
	if s.Mails(t); count() != 0 {
		t.Errorf("%d sessions are left when all are over", count())
	}
}
