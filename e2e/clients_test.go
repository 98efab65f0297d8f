package e2e_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"facet/internal/facetest"
)

// clientsDir holds the clients of JSON:API that npm installs, and a test for
// each.
const clientsDir = "testdata/clients"

func TestPublishedClientsOfJSONAPIWorkUnchanged(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join(clientsDir, "node_modules", "kitsu")); err != nil {
		t.Fatalf("the clients are not installed: run make deps (%v)", err)
	}
	in := demo(t)
	token := in.Post(t, "", "/api/users/v1/login", map[string]string{"username": "casey", "password": facetest.Password}).Want(http.StatusOK).Text("accessToken")
	for _, script := range []string{"kitsu", "devour", "decode", "validate"} {
		t.Run(script, func(t *testing.T) { // one after the other: they share a household
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "node", script+".mjs", in.URL, "42", token)
			cmd.Dir = clientsDir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
