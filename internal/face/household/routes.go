package household

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/face"
)

// routes is the table of the face: api/household.yaml describes exactly these.
func routes() []face.Route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

		user   = "/api/users/v1/users/{user_id}"
		all    = user + "/user_profiles"
		one    = all + "/{id}"
		tokens = one + "/authentication_tokens"
		token  = one + "/token"
	)
	return []face.Route{
		{Method: post, Pattern: "/api/users/v1/login", Permission: access.SessionStart, Handle: allowing(login)},
		{Method: post, Pattern: "/api/users/v1/refresh", Permission: access.SessionStart, Handle: allowing(refresh)},

		{Method: get, Pattern: user, Permission: access.HouseholdRead, Handle: allowing(account)},
		{Method: get, Pattern: all, Permission: access.HouseholdRead, Handle: allowing(list, sparseFields, sortBy, filterChild, pageNumber, pageSize)},
		{Method: post, Pattern: all, Permission: access.HouseholdWrite, Handle: allowing(create, sparseFields)},
		{Method: get, Pattern: one, Permission: access.HouseholdRead, Handle: allowing(read, sparseFields)},
		{Method: patch, Pattern: one, Permission: access.HouseholdWrite, Handle: allowing(update, sparseFields)},
		{Method: del, Pattern: one, Permission: access.HouseholdWrite, Handle: allowing(remove)},

		{Method: post, Pattern: tokens, Permission: access.HouseholdEnter, Handle: allowing(enter)},
		{Method: get, Pattern: tokens, Permission: access.HouseholdEnter, Handle: allowing(enterByGet)},
		{Method: post, Pattern: token, Permission: access.HouseholdEnter, Handle: allowing(enter)},
		{Method: get, Pattern: token, Permission: access.HouseholdEnter, Handle: allowing(enterByGet)},

		{Method: get, Pattern: user + "/channel_lock", Permission: access.HouseholdRead, Handle: allowing(readLock)},
		{Method: put, Pattern: user + "/channel_lock", Permission: access.HouseholdWrite, Handle: allowing(lock)},
		{Method: put, Pattern: user + "/pin_code", Permission: access.HouseholdWrite, Handle: allowing(setPIN)},
		{Method: post, Pattern: user + "/pin_code/verify", Permission: access.HouseholdEnter, Handle: allowing(checkPIN)},
	}
}
