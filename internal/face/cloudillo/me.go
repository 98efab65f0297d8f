package cloudillo

import (
	"crypto/sha256"
	"encoding/base64"
	stdjson "encoding/json"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// jsonValue is a value of a face's extras.
type jsonValue = stdjson.RawMessage

// readMe answers with a profile (GET /api/me): on the host of an identity that
// one; elsewhere the caller's own, or without a caller the site's. Everything is
// shown to whom it belongs.
func readMe(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := c.Site.PublicMe(r.Context(), c.Who, c.Identity)
	if err != nil {
		return err
	}
	return writeTagged(w, r, c, selfOf(c.Site, &p.Subject, p.Owner))
}

// readMeFull answers as readMe does, with the cover and as much of x as the
// caller may see (GET /api/me/full).
func readMeFull(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := c.Site.FullMe(r.Context(), c.Who, c.Identity)
	if err != nil {
		return err
	}
	out := fullSelf{self: selfOf(c.Site, &p.Subject, p.Owner)}
	out.CoverPic, out.X = p.Cover(), p.Sections(extraMap(&p.Subject))
	if p.Owner {
		out.Counts = countsOf(&p.Counts)
	}
	return writeTagged(w, r, c, out)
}

// writeTagged writes data with its entity tag, or nothing where the caller has
// it already. It is one caller's: no cache may answer others with it.
func writeTagged(w http.ResponseWriter, r *http.Request, c *face.Call, data any) error {
	raw, err := json.Marshal(data, json.Deterministic(true))
	if err != nil {
		return err
	}
	body, err := encode(c, envelope{Data: data})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:8]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Add("Vary", "Authorization")
	h.Set("Cache-Control", "private, no-cache")
	if matches(r.Header["If-None-Match"], tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body)
	return nil
}

// matches compares entity tags weakly (RFC 9110, section 13.1.2).
func matches(headers []string, tag string) bool {
	for _, header := range headers {
		for one := range strings.SplitSeq(header, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}

// The limits of one change of x (Cloudillo, PATCH /api/me).
const (
	maxXFields = 32
	maxXKey    = 256  // bytes
	maxXValue  = 4096 // bytes
)

// updateMe changes the caller's own profile (PATCH /api/me); on the host of an
// identity that one, if the caller manages it. x is a merge patch (RFC 7396).
func updateMe(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Name     jsontext.Value `json:"name"`
		X        jsontext.Value `json:"x"`
		Settings jsontext.Value `json:"settings"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	edit := directory.Edit{Face: name, Inner: map[string]map[string]jsonValue{}}
	if in.Name != nil {
		text, ok := schema.Text(in.Name)
		if !ok {
			return invalid("name", "name is not a text")
		}
		edit.FullName = &text
	}
	switch in.X.Kind() {
	case 0: // not there
	case 'n':
		edit.Extras = map[string]jsonValue{extraX: jsonValue("null")}
	case '{':
		patch := map[string]jsonValue{}
		if err := json.Unmarshal(in.X, &patch); err != nil {
			return err
		}
		if err := checkX(patch); err != nil {
			return err
		}
		edit.Inner[extraX] = patch
	default:
		return profile.E(profile.Invalid, profile.CodeType, "x", "x is not an object")
	}
	if in.Settings != nil {
		patch, err := settingsPatch(in.Settings)
		if err != nil {
			return err
		}
		edit.Inner[extraSettings] = patch
	}
	p, err := c.Site.EditMe(r.Context(), c.Who, c.Identity, edit)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, updatedOf(c.Site, &p))
}

// checkX holds the members of a patch of x to their limits: texts, or null.
func checkX(patch map[string]jsonValue) error {
	if len(patch) > maxXFields {
		return invalid("x", "too many x fields (max %d)", maxXFields)
	}
	for key, value := range patch {
		if len(key) > maxXKey {
			return invalid("x", "x key too long (max %d)", maxXKey)
		}
		if string(value) == "null" {
			continue
		}
		text, ok := schema.Text(value)
		if !ok {
			return profile.E(profile.Invalid, profile.CodeType, "x", "the values of x are texts or null")
		}
		if len(text) > maxXValue {
			return invalid("x", "x value too long (max %d)", maxXValue)
		}
	}
	return nil
}
