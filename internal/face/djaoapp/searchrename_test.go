package djaoapp_test

import (
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face/djaoapp"
	"facet/internal/facetest"
	"facet/internal/profile"
)

func TestSearchesByQFindEverybodyWhileAnAttributeIsRenamed(t *testing.T) {
	s := facetest.New(t, djaoapp.New())
	owner := access.Principal{Subject: profile.ID{1}, Client: true, Features: []access.Feature{access.Owner}}
	rows := make([][]byte, 60)
	for i := range rows {
		rows[i] = []byte(`{"displayName":"Quentin Quill","aboutMe":"x","gender":"y"}`)
	}
	if _, err := s.Site.CreateEntities(t.Context(), owner, "user", rows, directory.CommitEach); err != nil {
		t.Fatal(err)
	}
	donny := s.Login(t, "donny")
	done := make(chan struct{})
	var searches sync.WaitGroup
	for range 2 {
		searches.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				got, _ := s.Get(t, donny, "/api/users?q=quill&page_size=100").Want(200).At("results")
				if list, _ := got.([]any); len(list) != len(rows) {
					t.Errorf("search %d finds %d of %d", n, len(list), len(rows))
					return
				}
			}
		})
	}
	from, to := "gender", "sex"
	for range 6 {
		if _, err := s.Site.RenameAttribute(t.Context(), owner, "user", from, to); err != nil {
			t.Error(err)
		}
		from, to = to, from
		s.Clock.Advance(time.Second)
	}
	close(done)
	searches.Wait()
}
