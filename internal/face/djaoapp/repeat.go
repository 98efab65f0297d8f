package djaoapp

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

// maxRepeatKey is the most characters of an Idempotency-Key.
const maxRepeatKey = 255

// repeat reads the header Idempotency-Key, under which a request that makes
// something may be sent again (draft-ietf-httpapi-idempotency-key-header). The
// request is known by its path and its fields, however they were encoded.
func (in *fields) repeat(r *http.Request) (directory.Repeat, error) {
	keys := r.Header["Idempotency-Key"]
	if len(keys) == 0 {
		return directory.Repeat{}, nil
	}
	printable := !strings.ContainsFunc(keys[0], func(c rune) bool { return c < ' ' || c > '~' })
	if len(keys) > 1 || keys[0] == "" || len(keys[0]) > maxRepeatKey || !printable {
		return directory.Repeat{}, refuse(profile.Malformed, profile.CodeSyntax, http.StatusBadRequest,
			detail(fmt.Sprintf("Idempotency-Key is one text of 1 to %d printable characters.", maxRepeatKey)))
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%s\n%s\n", r.Method, r.URL.RequestURI())
	for _, name := range slices.Sorted(maps.Keys(in.values)) {
		fmt.Fprintf(digest, "%q %q\n", name, in.values[name])
	}
	return directory.Repeat{Key: keys[0], Request: hex.EncodeToString(digest.Sum(nil))}, nil
}
