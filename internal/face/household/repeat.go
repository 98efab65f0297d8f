package household

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"facet/internal/directory"
	"facet/internal/profile"
)

const (
	repeatKey    = "Idempotency-Key"
	maxRepeatKey = 255 // characters
)

// repeat reads the header Idempotency-Key, under which a request that makes
// something may be sent again (draft-ietf-httpapi-idempotency-key-header). The
// request is known by its path and its attributes, in whichever form.
func (in *input) repeat(r *http.Request) (directory.Repeat, error) {
	keys := r.Header[repeatKey]
	if len(keys) == 0 {
		return directory.Repeat{}, nil
	}
	printable := !strings.ContainsFunc(keys[0], func(c rune) bool { return c < ' ' || c > '~' })
	if len(keys) > 1 || keys[0] == "" || len(keys[0]) > maxRepeatKey || !printable {
		return directory.Repeat{}, refuse(profile.E(profile.Malformed, profile.CodeSyntax, "", "It is one text of 1 to %d printable characters.", maxRepeatKey), source{Header: repeatKey}, 0)
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%s\n%s\n", r.Method, r.URL.Path)
	for _, name := range slices.Sorted(maps.Keys(in.values)) {
		fmt.Fprintf(digest, "%q %s\n", name, in.values[name])
	}
	return directory.Repeat{Key: keys[0], Request: hex.EncodeToString(digest.Sum(nil))}, nil
}
