package household

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"facet/internal/directory"
	"facet/internal/face"
)

// The published JSON, its members in the order that the document prints them;
// what it does not print comes after. Ids are text, as JSON:API has it;
// user_id is the account's number, as the document has it.

// resourceType is the type of a profile in JSON:API.
const resourceType = "UserProfile"

// resource is a profile.
type resource struct {
	Type          string        `json:"type"` // UserProfile
	ID            string        `json:"id"`   // uuid
	Attributes    attributes    `json:"attributes"`
	Links         links         `json:"links"`
	Relationships relationships `json:"relationships"`
}

type attributes struct {
	Name           string `json:"name"`
	UserID         int64  `json:"user_id"` // number of the account
	IsChildProfile bool   `json:"is_child_profile"`
	AgeLimit       *int   `json:"age_limit"` // years; content for older people is not for this profile; null: no limit
	IsDefault      bool   `json:"is_default"`
}

type links struct {
	Self string `json:"self"` // URL
}

type relationships struct {
	User relationship `json:"user"`
}

type relationship struct {
	Data identifier `json:"data"`
}

type identifier struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// document is an answer with data: a resource, or an array of them.
type document[Data any] struct {
	Data Data      `json:"data"`
	Meta *listMeta `json:"meta,omitzero"`
}

// listMeta tells a picker whether to offer one more.
type listMeta struct {
	Limit int `json:"limit"` // profiles of an account, at most
	Count int `json:"count"`
}

// session is the answer to signing in. Amino's userStat pairs each token with
// the second since 1970 at which it ends; the other members are the same
// tokens under the names that clients of the other APIs read.
type session struct {
	UserStat     userStat `json:"userStat"`
	AccessToken  string   `json:"accessToken"`
	RefreshToken string   `json:"refreshToken"`
	Token        string   `json:"token"`
	Access       string   `json:"access_token"`
	Refresh      string   `json:"refresh_token"`
	ExpiresIn    int64    `json:"expires_in"` // seconds
}

type userStat struct {
	AccessToken  [2]any `json:"accessToken"` // JWT, seconds since 1970
	RefreshToken [2]any `json:"refreshToken"`
}

func resourceOf(c *face.Call, m *directory.Member) resource {
	account := strconv.FormatInt(m.Account, 10)
	return resource{
		Type: resourceType, ID: m.ID.String(),
		Attributes: attributes{
			Name: m.Name, UserID: m.Account, IsChildProfile: m.Child, AgeLimit: m.AgeLimit, IsDefault: m.Default,
		},
		Links:         links{strings.TrimSuffix(c.Site.Policy().BaseURL, "/") + "/api/users/v1/users/" + account + "/user_profiles/" + m.ID.String()},
		Relationships: relationships{relationship{identifier{"User", account}}},
	}
}

// etag is the entity tag of a profile's version (RFC 9110, section 8.8.3).
func etag(m *directory.Member) string { return `"` + strconv.FormatInt(m.Version, 10) + `"` }

const (
	plainType   = "application/json"
	jsonAPIType = "application/vnd.api+json"
)

// speaksJSONAPI reports whether a client says that it is one of JSON:API, by
// the type of what it sends or of what it takes.
func speaksJSONAPI(r *http.Request) bool {
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media == jsonAPIType {
		return true
	}
	for _, line := range r.Header["Accept"] {
		for part := range strings.SplitSeq(line, ",") {
			media, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(media), jsonAPIType) {
				return true
			}
		}
	}
	return false
}

// writeMember answers with one profile, in the form that asked for it; to
// clients of JSON:API always as one object.
func writeMember(w http.ResponseWriter, r *http.Request, c *face.Call, status int, m *directory.Member, as form) error {
	w.Header().Set("ETag", etag(m))
	one := resourceOf(c, m)
	if as == single || speaksJSONAPI(r) {
		return write(w, r, status, document[resource]{Data: one})
	}
	return write(w, r, status, document[[]resource]{Data: []resource{one}})
}

func write(w http.ResponseWriter, r *http.Request, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	send(w, r, status, b)
	return nil
}

func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Add("Vary", "Accept")
	if !speaksJSONAPI(r) {
		face.WriteJSON(w, status, body)
		return
	}
	h.Set("Content-Type", jsonAPIType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
