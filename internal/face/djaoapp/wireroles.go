package djaoapp

import (
	"net/url"

	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
)

// The JSON of roles (API reference, "RoleDescription", "Role", "Accessible").

// roleDescription is a type of role.
type roleDescription struct {
	CreatedAt            string         `json:"created_at"`
	Slug                 string         `json:"slug"`
	Title                string         `json:"title"`
	SkipOptinOnGrant     bool           `json:"skip_optin_on_grant"`
	ImplicitCreateOnNone bool           `json:"implicit_create_on_none"`
	OTPRequired          bool           `json:"otp_required"`
	IsGlobal             bool           `json:"is_global"`
	Profile              *organization  `json:"profile"` // whose own it is; null: global
	Extra                jsontext.Value `json:"extra"`
	Editable             bool           `json:"editable"` // by the caller
}

// role is what a user is, is offered or asks to be, as the profile sees it. The
// keys tell that somebody has to accept; they are no keys to do it with.
type role struct {
	CreatedAt        string           `json:"created_at"`
	User             userDetail       `json:"user"`
	Extra            jsontext.Value   `json:"extra"`
	GrantKey         *string          `json:"grant_key"`
	RequestKey       *string          `json:"request_key"`
	RoleDescription  *roleDescription `json:"role_description"`
	AcceptRequestURL *string          `json:"accept_request_api_url"`
	RemoveURL        string           `json:"remove_api_url"`
	Detail           string           `json:"detail,omitempty"`
}

// accessible is a role as its user sees it.
type accessible struct {
	CreatedAt       string            `json:"created_at"`
	RequestKey      *string           `json:"request_key"`
	Profile         accessibleProfile `json:"profile"`
	RoleDescription *roleDescription  `json:"role_description"`
	HomeURL         string            `json:"home_url"`
	SettingsURL     string            `json:"settings_url"`
	AcceptGrantURL  *string           `json:"accept_grant_api_url"`
	RemoveURL       string            `json:"remove_api_url"`
	Detail          string            `json:"detail,omitempty"`
}

type accessibleProfile struct {
	organization
	FullName string `json:"full_name"`
}

// rolePage is one page of roles, with the totals of those that wait.
type rolePage[T any] struct {
	InvitedCount   int64 `json:"invited_count"`
	RequestedCount int64 `json:"requested_count"`
	page[T]
}

func roleDescriptionOf(t *directory.RoleType) roleDescription {
	d := roleDescription{
		CreatedAt: iso(t.Created), Slug: t.Slug, Title: t.Title, SkipOptinOnGrant: t.SkipOptin, ImplicitCreateOnNone: t.Implicit,
		OTPRequired: t.OTPRequired, IsGlobal: t.Global, Extra: jsontext.Value(t.Extra), Editable: t.Edit,
	}
	if !t.Global {
		owner := organizationOf(&t.Owner)
		d.Profile = &owner
	}
	return d
}

func descriptionOrNull(t *directory.RoleType) *roleDescription {
	if t == nil {
		return nil
	}
	d := roleDescriptionOf(t)
	return &d
}

// roleSlug is the type that an address names; where a request is for any, that
// of who manages.
func roleSlug(r *directory.Role) string {
	if r.Type == nil {
		return directory.RoleManager
	}
	return r.Type.Slug
}

func roleOf(c *face.Call, r *directory.Role, detail string) role {
	on := publicBase(c) + "/api/profile/" + url.PathEscape(r.Profile.Slug) + "/roles/" + url.PathEscape(roleSlug(r))
	out := role{
		CreatedAt: iso(r.Created), User: userDetailOf(&r.User), Extra: jsontext.Value(r.Extra), GrantKey: orNull(r.Grant), RequestKey: orNull(r.Request),
		RoleDescription: descriptionOrNull(r.Type), RemoveURL: on + "/" + url.PathEscape(r.User.Slug), Detail: detail,
	}
	if r.Private {
		out.User.Email, out.User.Phone = "", ""
	}
	if r.Request != "" {
		out.AcceptRequestURL = &on
	}
	return out
}

func accessibleOf(c *face.Call, r *directory.Role, detail string) accessible {
	slug := url.PathEscape(r.Profile.Slug)
	at := publicBase(c) + "/api/users/" + url.PathEscape(r.User.Slug) + "/accessibles/"
	out := accessible{
		CreatedAt: iso(r.Created), RequestKey: orNull(r.Request), RoleDescription: descriptionOrNull(r.Type),
		Profile: accessibleProfile{organizationOf(&r.Profile), r.Profile.FullName()},
		HomeURL: publicBase(c) + "/app/" + slug + "/", SettingsURL: publicBase(c) + "/profile/" + slug + "/contact/",
		RemoveURL: at + url.PathEscape(roleSlug(r)) + "/" + slug, Detail: detail,
	}
	if r.Grant != "" {
		accept := at + "accept/" + r.Grant
		out.AcceptGrantURL = &accept
	}
	return out
}

var roleTypeColumns = []column[roleDescription]{
	{"slug", func(d *roleDescription) string { return d.Slug }, true, true},
	{"title", func(d *roleDescription) string { return d.Title }, true, true},
	{"created_at", func(d *roleDescription) string { return sortable(d.CreatedAt) }, false, true},
}

var roleColumns = []column[role]{
	{"username", func(r *role) string { return r.User.Username }, true, true},
	{"slug", func(r *role) string { return r.User.Slug }, true, true},
	{"full_name", func(r *role) string { return r.User.FullName }, true, true},
	{"email", func(r *role) string { return r.User.Email }, true, false},
	{"role_description", func(r *role) string { return titleOf(r.RoleDescription) }, true, true},
	{"created_at", func(r *role) string { return sortable(r.CreatedAt) }, false, true},
}

var accessibleColumns = []column[accessible]{
	{"slug", func(a *accessible) string { return a.Profile.Slug }, true, true},
	{"full_name", func(a *accessible) string { return a.Profile.FullName }, true, true},
	{"role_description", func(a *accessible) string { return titleOf(a.RoleDescription) }, true, true},
	{"created_at", func(a *accessible) string { return sortable(a.CreatedAt) }, false, true},
}

func titleOf(d *roleDescription) string {
	if d == nil {
		return ""
	}
	return d.Title
}
