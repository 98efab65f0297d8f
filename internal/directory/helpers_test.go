package directory_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"strconv"
	"strings"
	"testing"

	"facet/internal/store/storetest"
)

// fewer bounds the walks of a property whose steps are dear, unless the command
// line says how many.
func fewer(t *testing.T, walks int) {
	t.Helper()
	if storetest.Reduced() {
		walks = max(walks/4, 1)
	}
	checks := flag.Lookup("rapid.checks")
	if old := checks.Value.String(); old == checks.DefValue {
		if err := checks.Value.Set(strconv.Itoa(walks)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = checks.Value.Set(old) })
	}
}

func decodeClaims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
