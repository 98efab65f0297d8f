package appdata

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"facet/internal/directory"
	"facet/internal/face"
)

// The published JSON. The pages print the members of a request; those of the
// answers are ours, by the same names. Times are RFC 3339 in UTC, with
// microseconds.

// app is an application ("App ID's": "the domains, appid and app and
// description").
type app struct {
	AppID       int64    `json:"appid"`
	App         string   `json:"app"`
	Domains     []string `json:"domains"`
	Description string   `json:"description"`
}

// user is the user information that signing in gives.
type user struct {
	UserID    string `json:"user_id"` // UUID
	Username  string `json:"username"`
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Operator  bool   `json:"operator"`
}

// signedIn is the answer to signing in, and to registering with a password.
// token and access_token are the same.
type signedIn struct {
	Token        string `json:"token"` // JWT
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitzero"` // absent where there is none
	ExpiresIn    int64  `json:"expires_in"`             // seconds
	TokenType    string `json:"token_type"`             // Bearer
	User         user   `json:"user"`
}

// registered is the answer to registering with a hash: nobody is signed in.
type registered struct {
	User user `json:"user"`
}

func userOf(s *directory.Subject, operator bool) user {
	return user{
		UserID: s.ID.String(), Username: s.Slug, Email: s.Text("email"),
		FirstName: s.Name.Given, LastName: s.Name.Family, Operator: operator,
	}
}

// appendDocument appends the object of a document: user_id, user_profile_id
// where a household profile owns it, app_id, profile_data as it was sent,
// version, created_at, updated_at, and what a schema that only warns has
// against it.
func appendDocument(b []byte, d *directory.Document) []byte {
	b = appendPlace(b, &d.DocumentPlace)
	b = append(append(b, `,"profile_data":`...), d.Data...)
	b = strconv.AppendInt(append(b, `,"version":`...), d.Version, 10)
	b = appendTime(append(b, `,"created_at":"`...), d.Created)
	b = appendTime(append(b, `","updated_at":"`...), d.Updated)
	b = append(b, '"')
	if len(d.Warnings) > 0 {
		list, _ := json.Marshal(warningsOf(d.Warnings)) // texts
		b = append(append(b, `,"warnings":`...), list...)
	}
	return append(b, '}')
}

// warning is a part of a document that breaks a schema.
type warning struct {
	Pointer string `json:"pointer"` // RFC 6901, in profile_data
	Detail  string `json:"detail"`
}

func warningsOf(found []directory.Violation) []warning {
	out := make([]warning, len(found))
	for i, v := range found {
		out[i] = warning{v.Pointer, v.Message}
	}
	return out
}

func appendPlace(b []byte, p *directory.DocumentPlace) []byte {
	b = append(append(b, `{"user_id":"`...), p.User.String()...)
	if !p.Member.IsZero() {
		b = append(append(b, `","user_profile_id":"`...), p.Member.String()...)
	}
	return strconv.AppendInt(append(b, `","app_id":`...), p.App, 10)
}

func appendTime(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}

// etag is a strong entity tag (RFC 9110, section 8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// write answers with a value as JSON.
func write(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	face.WriteJSON(w, status, b)
	return nil
}
