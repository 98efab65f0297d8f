package entity_test

import (
	"strconv"
	"sync"
	"testing"

	"facet/internal/access"
)

func TestNoWriteByTokenLandsAfterDeleteAccessAnswered(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{"displayName":"Ann"}`)
	c := s.client(t, access.DirectAccess)
	for round := range 10 {
		token := wantOK(t, s.by(t, c, "access/getAccessToken", "type_name", "user", "uuid", uuid)).Text("accessToken")
		var writers sync.WaitGroup
		began := make(chan struct{}, 6)
		for w := range cap(began) {
			writers.Go(func() {
				for i := 0; ; i++ {
					a := s.post(t, "OAuth "+token, "entity.update", "attributes", `{"aboutMe":"`+strconv.Itoa(round*1e6+w*1000+i)+`"}`)
					if i == 0 {
						began <- struct{}{}
					}
					if a.Text("stat") != "ok" {
						wantError(t, a, 414, "access_token_expired")
						return
					}
				}
			})
		}
		for range cap(began) {
			<-began
		}
		s.ok(t, "entity.deleteAccess", "type_name", "user", "uuid", uuid)
		before := s.ok(t, "entity", "type_name", "user", "uuid", uuid).Text("result.aboutMe")
		writers.Wait()
		s.ok(t, "entity", "type_name", "user", "uuid", uuid).Is(map[string]any{"result.aboutMe": before})
	}
}
