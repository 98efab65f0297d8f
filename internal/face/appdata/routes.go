package appdata

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/face"
)

// maxBulk is the most bytes of a body that makes many documents: what bounds
// it is its size, not the count of documents.
const maxBulk = 64 << 20

// routes is the table of the face: api/appdata.yaml describes exactly these.
func routes() []face.Route {
	const get, post = http.MethodGet, http.MethodPost
	return []face.Route{
		{Method: post, Pattern: "/auth/register", Permission: access.SessionStart, Handle: register},
		{Method: post, Pattern: "/auth/login", Permission: access.SessionStart, Handle: login},

		{Method: get, Pattern: "/app/all", Permission: access.Open, Handle: listApps},

		{Method: get, Pattern: "/user/profiles/{appid}", Permission: access.DocumentOwn, Handle: listOwn},
		{Method: post, Pattern: "/user/profiles/create", Permission: access.DocumentOwn, Handle: createOwn},

		{Method: post, Pattern: "/operator/profile/create-bulk", Permission: access.DocumentAny, Handle: createBulk, MaxBody: maxBulk},
		{Method: get, Pattern: "/operator/users/profile/{userid}/{appid}", Permission: access.DocumentAny, Handle: readAny},
	}
}
