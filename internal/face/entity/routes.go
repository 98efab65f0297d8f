package entity

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/face"
)

// routes are the operations. The API's pages name POST for all; GET stays for
// reads, as in the API's older pages.
var routes = []face.Route{
	{Method: http.MethodPost, Pattern: "/entity", Permission: access.EntityRead, Handle: read},
	{Method: http.MethodGet, Pattern: "/entity", Permission: access.EntityRead, Handle: read},
	{Method: http.MethodPost, Pattern: "/entity.find", Permission: access.EntityFind, Handle: find},
	{Method: http.MethodGet, Pattern: "/entity.find", Permission: access.EntityFind, Handle: find},
	{Method: http.MethodPost, Pattern: "/entity.count", Permission: access.EntityCount, Handle: count},
	{Method: http.MethodGet, Pattern: "/entity.count", Permission: access.EntityCount, Handle: count},
	{Method: http.MethodPost, Pattern: "/entity.create", Permission: access.EntityCreate, Handle: create},
	{Method: http.MethodPost, Pattern: "/entity.update", Permission: access.EntityUpdate, Handle: update},
	{Method: http.MethodPost, Pattern: "/entity.delete", Permission: access.EntityDelete, Handle: remove},
}
