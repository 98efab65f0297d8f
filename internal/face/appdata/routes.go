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
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	const (
		own = "/user/profiles/{appid}"
		any = "/operator/users/profile/{userid}/{appid}"
		app = "/operator/app/{appid}"
	)
	return []face.Route{
		{Method: post, Pattern: "/auth/register", Permission: access.SessionStart, Handle: register},
		{Method: post, Pattern: "/auth/login", Permission: access.SessionStart, Handle: login},
		{Method: post, Pattern: "/auth/verify-otp", Permission: access.SessionStart, Handle: verifyOTP},
		{Method: post, Pattern: "/auth/refresh", Permission: access.SessionStart, Handle: refresh},

		{Method: get, Pattern: "/auth/verify", Permission: access.SessionRead, Handle: verify},
		{Method: post, Pattern: "/auth/enable-otp", Permission: access.UserSecret, Handle: enableOTP},
		{Method: post, Pattern: "/auth/disable-otp", Permission: access.UserSecret, Handle: disableOTP},
		{Method: post, Pattern: "/auth/reset-password", Permission: access.UserSecret, Handle: resetPassword},
		{Method: post, Pattern: "/auth/refresh-disable", Permission: access.SessionRevoke, Handle: refreshDisable},
		{Method: get, Pattern: "/auth/refresh-disable", Permission: access.SessionRevoke, Handle: destructive(refreshDisable)},
		{Method: post, Pattern: "/auth/logout", Permission: access.SessionRevoke, Handle: logout},
		{Method: get, Pattern: "/auth/logout", Permission: access.SessionRevoke, Handle: destructive(logout)},

		{Method: get, Pattern: "/app/all", Permission: access.Open, Handle: listApps},
		{Method: get, Pattern: "/limits", Permission: access.Open, Handle: limits},

		{Method: get, Pattern: "/user/userinfo", Permission: access.UserRead, Handle: readSelf},
		{Method: post, Pattern: "/user/userinfo/update", Permission: access.UserWrite, Handle: updateSelf},
		{Method: post, Pattern: "/user/delete", Permission: access.UserErase, Handle: eraseSelf},
		{Method: get, Pattern: "/user/delete", Permission: access.UserErase, Handle: destructive(eraseSelf)},

		{Method: post, Pattern: "/user/profiles/create", Permission: access.DocumentOwn, Handle: createOwn},
		{Method: get, Pattern: own, Permission: access.DocumentOwn, Handle: listOwn},
		{Method: put, Pattern: own, Permission: access.DocumentOwn, Handle: ownDocument(putDocument)},
		{Method: patch, Pattern: own, Permission: access.DocumentOwn, Handle: ownDocument(patchDocument)},
		{Method: del, Pattern: own, Permission: access.DocumentOwn, Handle: ownDocument(deleteDocument)},

		{Method: post, Pattern: "/operator/profile/create-bulk", Permission: access.DocumentAny, Handle: createBulk, MaxBody: maxBulk},
		{Method: post, Pattern: "/operator/profile/get-bulk", Permission: access.DocumentAny, Handle: getBulk},
		{Method: post, Pattern: "/operator/profile/delete-bulk", Permission: access.DocumentAny, Handle: deleteBulk},
		{Method: del, Pattern: "/operator/profile/delete-bulk", Permission: access.DocumentAny, Handle: deleteBulk},
		{Method: get, Pattern: any, Permission: access.DocumentAny, Handle: anyDocument(readDocument)},
		{Method: put, Pattern: any, Permission: access.DocumentAny, Handle: anyDocument(putDocument)},
		{Method: patch, Pattern: any, Permission: access.DocumentAny, Handle: anyDocument(patchDocument)},
		{Method: del, Pattern: any, Permission: access.DocumentAny, Handle: anyDocument(deleteDocument)},

		{Method: post, Pattern: "/operator/app/register", Permission: access.AppWrite, Handle: registerApp},
		{Method: post, Pattern: "/operator/profile/register", Permission: access.AppWrite, Handle: registerApp}, // as one page prints it
		{Method: get, Pattern: app, Permission: access.AppWrite, Handle: readApp},
		{Method: patch, Pattern: app, Permission: access.AppWrite, Handle: updateApp},
		{Method: del, Pattern: app, Permission: access.AppWrite, Handle: deleteApp},
		{Method: post, Pattern: app + "/key", Permission: access.AppWrite, Handle: renewKey},
		{Method: post, Pattern: app + "/schema/check", Permission: access.AppWrite, Handle: checkSchema},
		{Method: get, Pattern: app + "/profiles", Permission: access.DocumentAny, Handle: listDocuments},

		{Method: post, Pattern: "/operator/userinfo", Permission: access.UserAdmin, Handle: readUser},
		{Method: post, Pattern: "/operator/userinfo/update", Permission: access.UserAdmin, Handle: updateUser},
		{Method: post, Pattern: "/operator/profile/reset-user-password", Permission: access.UserAdmin, Handle: resetUserPassword},
		{Method: get, Pattern: "/operator/users/deleted", Permission: access.UserAdmin, Handle: listErased},
		{Method: post, Pattern: "/operator/users/delete/{email}", Permission: access.UserAdmin, Handle: eraseUser},
		{Method: del, Pattern: "/operator/users/delete/{email}", Permission: access.UserAdmin, Handle: eraseUser},
		{Method: get, Pattern: "/operator/users/delete/{email}", Permission: access.UserAdmin, Handle: forOperators(destructive(eraseUser))},
	}
}

// forOperators refuses others before anything else.
func forOperators(handle face.Handler) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		if err := mayUsers(r, c); err != nil {
			return err
		}
		return handle(w, r, c)
	}
}

// destructive serves a GET that the published API prints for what changes
// something, where the site's policy has it: programs that follow links in
// advance, and other sites' pages, send GET without anybody's will.
func destructive(handle face.Handler) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		if !c.Site.Policy().DestructiveGets || r.Method != http.MethodGet {
			w.Header().Set("Allow", "POST, OPTIONS")
			return methodNotAllowed()
		}
		return handle(w, r, c)
	}
}
