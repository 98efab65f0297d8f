package cloudillo

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/media"
)

const me = "/api/me"

// routes is the table of the face: api/cloudillo.yaml describes exactly these.
// POST /api/auth/logout is DjaoApp's, and answers clients of both.
func routes() []face.Route {
	const (
		get, post, put, patch = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch

		one = "/api/profiles/{idTag}"
	)
	uploads := face.NewUploads()
	return []face.Route{
		{Method: post, Pattern: "/api/profiles/verify", Permission: access.Open, Handle: verify},
		{Method: post, Pattern: "/api/profiles/register", Permission: access.SessionStart, Handle: register},
		{Method: post, Pattern: "/api/auth/login", Permission: access.SessionStart, Handle: login},

		{Method: get, Pattern: me, Permission: access.Open, Handle: readMe},
		{Method: patch, Pattern: me, Permission: access.SelfWrite, Handle: updateMe},
		{Method: put, Pattern: me + "/image", Permission: access.SelfWrite, Handle: upload(uploads, directory.ProfilePicture), MaxBody: media.MaxBytes},
		{Method: put, Pattern: me + "/cover", Permission: access.SelfWrite, Handle: upload(uploads, directory.CoverPicture), MaxBody: media.MaxBytes},

		{Method: get, Pattern: "/api/profiles", Permission: access.IdentityRead, Handle: listProfiles},
		{Method: get, Pattern: one, Permission: access.IdentityRead, Handle: readProfile},
		{Method: put, Pattern: one, Permission: access.CommunityCreate, Handle: createCommunity},
		{Method: patch, Pattern: one, Permission: access.Relate, Handle: relate},
		{Method: patch, Pattern: "/api/admin/profiles/{idTag}", Permission: access.IdentityAdmin, Handle: updateProfile},

		// Where the page prints files, where the live system has them, and where
		// its client looks for a picture: at /api/files/ and the profilePic.
		{Method: get, Pattern: "/api/file/{id}", Permission: access.Open, Handle: readFile},
		{Method: get, Pattern: "/file/{id}", Permission: access.Open, Handle: readFile},
		{Method: get, Pattern: "/api/files/{id}", Permission: access.Open, Handle: readFile},
		{Method: get, Pattern: "/api/files/api/file/{id}", Permission: access.Open, Handle: readFile},
		{Method: get, Pattern: "/api/files/{a}/{b}", Permission: access.Open, Handle: readOfFile},
		{Method: post, Pattern: "/api/files/{a}/{b}", Permission: access.SelfWrite, Handle: uploadFile(uploads), MaxBody: media.MaxBytes},
	}
}
