package household

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
)

// The published JSON, its members in the order that the document prints them;
// what it does not print comes after. Ids are text, as JSON:API has it;
// user_id is the account's number, as the document has it.

// resource is a profile, or what else has an address. Members that a client
// asked to be left out are not there (JSON:API 1.1, "Sparse Fieldsets").
type resource struct {
	Type          string        `json:"type"`
	ID            string        `json:"id"` // uuid; of accounts the number
	Attributes    attributes    `json:"attributes"`
	Links         *links        `json:"links,omitzero"`
	Relationships relationships `json:"relationships,omitzero"`
	Meta          *versionMeta  `json:"meta,omitzero"`
}

// attributes are in the order of the document. Of a profile:
//
//	name               string
//	user_id            integer, number of the account
//	is_child_profile   boolean
//	age_limit          integer, years; content for older people is not for this profile; null: no limit
//	is_default         boolean
//
// and, only where they are set: has_pin, avatar_id, language,
// subtitle_language, autoplay.
type attributes []attribute

type attribute struct {
	name  string
	value any
}

// MarshalJSONTo writes an object.
func (a attributes) MarshalJSONTo(enc *jsontext.Encoder) error {
	if err := enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, one := range a {
		if err := enc.WriteToken(jsontext.String(one.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(enc, one.value); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndObject)
}

type links struct {
	Self string `json:"self"` // URL
}

// relationships: of a profile user, of an account default_user_profile.
type relationships struct {
	User    *relationship `json:"user,omitzero"`
	Default *relationship `json:"default_user_profile,omitzero"`
}

type relationship struct {
	Data identifier `json:"data"`
}

type identifier struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// versionMeta tells of the state of a profile.
type versionMeta struct {
	Version int64     `json:"version"` // as in the ETag
	Created time.Time `json:"created_at"`
	Updated time.Time `json:"updated_at"`
}

// document is an answer with data: a resource, or an array of them.
type document[Data any] struct {
	Data  Data       `json:"data"`
	Meta  *listMeta  `json:"meta,omitzero"`
	Links *pageLinks `json:"links,omitzero"`
}

// listMeta tells a picker whether to offer one more.
type listMeta struct {
	Limit int `json:"limit"` // profiles of an account, at most
	Count int `json:"count"` // that there are, whatever the query leaves out
}

// pageLinks lead through a list that is read in pages.
type pageLinks struct {
	First string `json:"first"`
	Last  string `json:"last"`
	Prev  string `json:"prev,omitempty"` // none on the first page
	Next  string `json:"next,omitempty"` // none on the last
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

// base begins the links of the face.
func base(c *face.Call) string {
	return strings.TrimSuffix(c.Site.Policy().BaseURL, "/") + "/api/users/v1/"
}

func userAddress(c *face.Call, m *directory.Member) string {
	if c.Site.Policy().Household.PrintedLinks {
		return base(c) + m.User.String()
	}
	return base(c) + "users/" + strconv.FormatInt(m.Account, 10)
}

func address(c *face.Call, m *directory.Member) string {
	return userAddress(c, m) + "/user_profiles/" + m.ID.String()
}

func resourceOf(c *face.Call, m *directory.Member, q *query) resource {
	all := attributes{
		{"name", m.Name}, {"user_id", m.Account}, {"is_child_profile", m.Child}, {"age_limit", m.AgeLimit}, {"is_default", m.Default},
	}
	if m.HasPIN {
		all = append(all, attribute{"has_pin", true})
	}
	for _, taste := range []attribute{{"avatar_id", m.Avatar}, {"language", m.Language}, {"subtitle_language", m.Subtitles}} {
		if taste.value != "" {
			all = append(all, taste)
		}
	}
	if m.Autoplay != nil {
		all = append(all, attribute{"autoplay", *m.Autoplay})
	}
	out := resource{
		Type: profileKind.spellings[0], ID: m.ID.String(), Attributes: slices.DeleteFunc(all, func(a attribute) bool { return !q.wants(a.name) }),
		Links: &links{address(c, m)}, Meta: &versionMeta{m.Version, m.Created, m.Updated},
	}
	if q.wants("user") {
		out.Relationships.User = &relationship{identifier{userType, strconv.FormatInt(m.Account, 10)}}
	}
	return out
}

// userType is the type of an account.
const userType = "User"

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
	named, _ := accepted(r)
	return named
}

// accepted reads Accept: whether it names JSON:API, and whether in a way that
// can be met. Parameters other than profile make an instance one that is
// ignored, and so does weight zero; where only such are there, there is nothing
// that can be sent (JSON:API 1.1, "Server Responsibilities").
func accepted(r *http.Request) (named, met bool) {
	for _, line := range r.Header["Accept"] {
		for part := range strings.SplitSeq(line, ",") {
			bare, _, _ := strings.Cut(part, ";")
			if !strings.EqualFold(strings.TrimSpace(bare), jsonAPIType) {
				continue
			}
			_, params, err := mime.ParseMediaType(part)
			if weight, given := params["q"]; given {
				if q, err := strconv.ParseFloat(weight, 64); err == nil && q == 0 {
					continue
				}
			}
			named = true
			delete(params, "q")
			delete(params, "profile")
			if err == nil && len(params) == 0 {
				return true, true
			}
		}
	}
	return named, !named
}

// writeMember answers with one profile, in the form that asked for it; to
// clients of JSON:API always as one object.
func writeMember(w http.ResponseWriter, r *http.Request, c *face.Call, status int, m *directory.Member, as form, q *query) error {
	w.Header().Set("ETag", etag(m))
	return writeOne(w, r, status, resourceOf(c, m, q), as)
}

// writeOne answers with one resource, likewise.
func writeOne(w http.ResponseWriter, r *http.Request, status int, one resource, as form) error {
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
