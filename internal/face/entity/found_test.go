package entity_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"facet/internal/store/storetest"
)

// TestWhatWasCreatedIsFoundAtOnce creates users from several sides at once, and
// asks for each in every way the moment its creation is answered.
func TestWhatWasCreatedIsFoundAtOnce(t *testing.T) {
	s := start(t)
	s.Watch = nil // the contract of these answers is looked at elsewhere
	creates := int64(10_000)
	if storetest.Reduced() {
		creates = 200
	}
	var next, missed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := next.Add(1); i <= creates && missed.Load() == 0; i = next.Add(1) {
				if why := s.createAndFind(t, i); why != "" {
					missed.Add(1)
					t.Errorf("user %d: %s", i, why)
				}
			}
		})
	}
	wg.Wait()
	a := s.ok(t, "entity.count", "type_name", "user", "filter", "familyName = 'of the load'")
	if n := number(a, "total_count"); missed.Load() == 0 && n != fmt.Sprint(creates) {
		t.Errorf("%s users, %d were created", n, creates)
	}
}

// createAndFind makes a user and looks it up in one way after the other; it
// tells which way missed.
func (s service) createAndFind(t testing.TB, i int64) string {
	name, email := fmt.Sprintf("Given %d", i), fmt.Sprintf("user%d@load.example", i)
	made := s.ok(t, "entity.create", "attributes", fmt.Sprintf(`{"givenName":%q,"familyName":"of the load","email":%q}`, name, email))
	uuid, id := made.Text("uuid"), number(made, "id")
	for _, sel := range [][]string{{"uuid", uuid}, {"id", id}, {"key_attribute", "email", "key_value", `"` + email + `"`}} {
		if a := s.call(t, "entity", append([]string{"type_name", "user"}, sel...)...); !strings.Contains(string(a.Body), `"uuid":"`+uuid+`"`) {
			return fmt.Sprintf("entity by %s: %s", sel, a.Body)
		}
	}
	for _, filter := range []string{"uuid = '" + uuid + "'", "id = " + id, "email = '" + email + "'", "givenName = '" + name + "'"} {
		if a := s.call(t, "entity.find", "type_name", "user", "filter", filter, "attributes", `["uuid"]`); string(a.Body) != `{"result_count":1,"results":[{"uuid":"`+uuid+`"}],"stat":"ok"}` {
			return fmt.Sprintf("entity.find %s: %s", filter, a.Body)
		}
		if a := s.call(t, "entity.count", "type_name", "user", "filter", filter); string(a.Body) != `{"total_count":1,"stat":"ok"}` {
			return fmt.Sprintf("entity.count %s: %s", filter, a.Body)
		}
	}
	return ""
}
