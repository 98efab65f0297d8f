package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"facet/internal/facetest"
)

// Whoever signs in while the password changes has the session of the old one,
// which ends, or none.
func TestNoSessionOfAnOldPasswordOutlivesItsChange(t *testing.T) {
	t.Parallel()
	in := demo(t)
	c := in.client()
	xia := c.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"xia@localhost.localdomain"`).Text("result.uuid")
	password := facetest.Password
	for round := range 8 {
		tokens := make(chan string, 4)
		var signingIn sync.WaitGroup
		for range cap(tokens) {
			body := map[string]any{"username": "xia", "password": password}
			signingIn.Go(func() {
				if a := in.Post(t, "", "/api/auth", body); a.Status == http.StatusCreated {
					tokens <- a.Text("token")
				}
			})
		}
		password = fmt.Sprintf("password %d", round)
		c.ok(t, "entity.update", "type_name", "user", "uuid", xia, "attributes", attributes("password", password))
		signingIn.Wait()
		close(tokens)
		for token := range tokens {
			if a := in.Get(t, token, "/api/users/xia"); a.Status != http.StatusForbidden {
				t.Fatalf("round %d: a session of the old password works: %d", round, a.Status)
			}
		}
		in.Post(t, "", "/api/auth", map[string]any{"username": "xia", "password": password}).Want(http.StatusCreated)
	}
}
