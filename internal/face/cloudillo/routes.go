package cloudillo

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/media"
)

const (
	me           = "/api/me"
	accessTokens = "/api/auth/access-token"
)

// routes is the table of the face: api/cloudillo.yaml describes exactly these.
// POST /api/auth/logout is DjaoApp's, and answers clients of both.
func routes() []face.Route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

		one    = "/api/profiles/{idTag}"
		keys   = "/api/auth/api-keys"
		oneKey = keys + "/{keyId}"
	)
	uploads := face.NewUploads()
	return []face.Route{
		{Method: post, Pattern: "/api/profiles/verify", Permission: access.IdentityVerify, Handle: verify},
		{Method: post, Pattern: "/api/profiles/register", Permission: access.SessionStart, Handle: register},
		{Method: get, Pattern: "/api/profiles/me/idp-status", Permission: access.SelfRead, Handle: readEnrolment},
		{Method: post, Pattern: "/api/profiles/me/resend-activation", Permission: access.SelfWrite, Handle: resendActivation},
		{Method: get, Pattern: "/api/idp/info", Permission: access.Open, Handle: readProvider},
		{Method: get, Pattern: "/api/idp/check-availability", Permission: access.IdentityVerify, Handle: checkAvailability},
		{Method: post, Pattern: "/api/idp/activate", Permission: access.RefUse, Handle: activate},
		{Method: get, Pattern: "/.well-known/cloudillo/id-tag", Permission: access.Open, Handle: readIDTag},
		{Method: get, Pattern: me + "/app-domain", Permission: access.Open, Handle: readAppDomain},

		{Method: post, Pattern: "/api/refs", Permission: access.RefWrite, Handle: createRef},
		{Method: get, Pattern: "/api/refs", Permission: access.RefList, Handle: listRefs},
		{Method: get, Pattern: "/api/refs/{id}", Permission: access.RefRead, Handle: readRef},
		{Method: patch, Pattern: "/api/refs/{id}", Permission: access.RefWrite, Handle: updateRef},
		{Method: http.MethodDelete, Pattern: "/api/refs/{id}", Permission: access.RefWrite, Handle: deleteRef},
		{Method: get, Pattern: "/api/refs/{id}/idp-status", Permission: access.RefRead, Handle: readRefEnrolment},
		{Method: post, Pattern: "/api/admin/invite-community", Permission: access.RefAdmin, Handle: inviteCommunity},

		{Method: post, Pattern: "/api/auth/login", Permission: access.SessionStart, Handle: login},

		{Method: post, Pattern: "/api/auth/login-init", Permission: access.Open, Handle: loginInit},
		{Method: get, Pattern: "/api/auth/login-token", Permission: access.Open, Handle: loginToken},
		{Method: get, Pattern: accessTokens, Permission: access.SessionScope, Handle: scopedToken},
		{Method: get, Pattern: "/api/auth/proxy-token", Permission: access.SessionRenew, Handle: proxyToken},
		{Method: post, Pattern: "/api/auth/password", Permission: access.UserSecret, Handle: replacePassword},
		{Method: post, Pattern: "/api/auth/set-password", Permission: access.SessionStart, Handle: setPassword},
		{Method: post, Pattern: "/api/auth/forgot-password", Permission: access.SessionStart, Handle: forgotPassword},
		{Method: post, Pattern: "/api/onboarding/complete", Permission: access.RefUse, Handle: completeOnboarding},
		{Method: get, Pattern: keys, Permission: access.IdentityKeys, Handle: listKeys},
		{Method: post, Pattern: keys, Permission: access.IdentityKeys, Handle: addKey},
		{Method: get, Pattern: oneKey, Permission: access.IdentityKeys, Handle: readKey},
		{Method: patch, Pattern: oneKey, Permission: access.IdentityKeys, Handle: editKey},
		{Method: del, Pattern: oneKey, Permission: access.IdentityKeys, Handle: dropKey},

		{Method: get, Pattern: me, Permission: access.Open, Handle: readMe},
		{Method: patch, Pattern: me, Permission: access.SelfWrite, Handle: updateMe},
		{Method: put, Pattern: me + "/image", Permission: access.SelfWrite, Handle: upload(uploads, directory.ProfilePicture), MaxBody: media.MaxBytes},
		{Method: put, Pattern: me + "/cover", Permission: access.SelfWrite, Handle: upload(uploads, directory.CoverPicture), MaxBody: media.MaxBytes},

		{Method: get, Pattern: "/api/profiles", Permission: access.IdentityRead, Handle: listProfiles},
		{Method: get, Pattern: one, Permission: access.IdentityRead, Handle: readProfile},
		{Method: put, Pattern: one, Permission: access.CommunityCreate, Handle: createCommunity},
		{Method: patch, Pattern: one, Permission: access.Relate, Handle: relate},
		{Method: get, Pattern: me + "/full", Permission: access.Open, Handle: readMeFull},
		{Method: get, Pattern: "/api/profiles/batch", Permission: access.IdentityBatch, Handle: readProfiles},
		{Method: post, Pattern: one + "/refresh", Permission: access.IdentityRead, Handle: refreshProfile},

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
