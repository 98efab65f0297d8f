package household

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/face"
)

// routes is the table of the face: api/household.yaml describes exactly these.
func routes() []face.Route {
	const (
		get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete

		all = "/api/users/v1/users/{user_id}/user_profiles"
		one = all + "/{id}"
	)
	table := []face.Route{
		{Method: post, Pattern: "/api/users/v1/login", Permission: access.SessionStart, Handle: login},
		{Method: post, Pattern: "/api/users/v1/refresh", Permission: access.SessionStart, Handle: refresh},

		{Method: get, Pattern: all, Permission: access.HouseholdRead, Handle: list},
		{Method: post, Pattern: all, Permission: access.HouseholdWrite, Handle: create},
		{Method: get, Pattern: one, Permission: access.HouseholdRead, Handle: read},
		{Method: patch, Pattern: one, Permission: access.HouseholdWrite, Handle: update},
		{Method: del, Pattern: one, Permission: access.HouseholdWrite, Handle: remove},
	}
	for i := range table {
		table[i].Handle = withoutQuery(table[i].Handle)
	}
	return table
}
