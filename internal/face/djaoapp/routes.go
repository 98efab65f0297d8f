package djaoapp

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/face"
)

// routes is the table of the face: api/djaoapp.yaml describes exactly these.
func routes() []face.Route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

		key     = "/api/auth/{key}"
		profile = "/api/profile/{profile}"
	)
	return []face.Route{
		{Method: post, Pattern: "/api/auth", Permission: access.SessionStart, Handle: login},
		{Method: post, Pattern: "/api/auth/register", Permission: access.SessionStart, Handle: register},
		{Method: get, Pattern: key, Permission: access.SessionStart, Handle: invitation},
		{Method: post, Pattern: key, Permission: access.SessionStart, Handle: activate},
		{Method: post, Pattern: "/api/auth/tokens", Permission: access.SessionRenew, Handle: exchange},
		{Method: del, Pattern: "/api/auth/tokens", Permission: access.SessionRevoke, Handle: revoke},
		{Method: post, Pattern: "/api/auth/tokens/verify", Permission: access.SessionRead, Handle: verify},
		{Method: post, Pattern: "/api/auth/logout", Permission: access.SessionEnd, Handle: logout},

		{Method: get, Pattern: "/api/users/{user}", Permission: access.UserRead, Handle: readUser},
		{Method: get, Pattern: "/api/users/{user}/profiles", Permission: access.UserProfiles, Handle: listProfiles},
		{Method: post, Pattern: "/api/users/{user}/profiles", Permission: access.ProfileConnect, Handle: connectProfile},
		{Method: post, Pattern: "/api/accounts/profiles", Permission: access.ProfileShadow, Handle: shadowProfile},

		{Method: get, Pattern: profile, Permission: access.ProfileRead, Handle: readProfile},
		{Method: put, Pattern: profile, Permission: access.ProfileWrite, Handle: replaceProfile},
		{Method: patch, Pattern: profile, Permission: access.ProfileWrite, Handle: updateProfile},
		{Method: del, Pattern: profile, Permission: access.ProfileErase, Handle: eraseProfile},
		{Method: get, Pattern: profile + "/subscriptions", Permission: access.SubscriptionOf, Handle: listSubscriptions},
		{Method: post, Pattern: profile + "/plans/{plan}/subscriptions", Permission: access.PlanGrant, Handle: grantSubscription},
	}
}
