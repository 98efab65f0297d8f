package console

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/face"
	"facet/internal/media"
)

// table is the console's pages. What a page lets somebody do, directory asks
// once more with what they are to the thing.
func (c *Console) table() []face.Route {
	const (
		get, post = http.MethodGet, http.MethodPost

		profiles = "/console/profiles"
		one      = profiles + "/{id}"
		me       = "/console/me"
	)
	return []face.Route{
		{Method: get, Pattern: "/console/assets/{file}", Permission: access.Open, Handle: serveAsset},
		{Method: get, Pattern: signInPath, Permission: access.Open, Handle: c.showSignIn},
		{Method: post, Pattern: signInPath, Permission: access.SessionStart, Handle: c.signIn},
		{Method: post, Pattern: "/console/sign-out", Permission: access.SessionEnd, Handle: c.signOut},

		{Method: get, Pattern: "/console", Permission: access.ConsoleUse, Handle: c.home},
		{Method: get, Pattern: "/console/overview", Permission: access.ReportRead, Handle: c.overview},

		{Method: get, Pattern: "/console/quick", Permission: access.RecordRead, Handle: c.quick},
		{Method: get, Pattern: profiles, Permission: access.RecordRead, Handle: c.list},
		{Method: get, Pattern: one, Permission: access.RecordRead, Handle: c.attributes},
		{Method: post, Pattern: one, Permission: access.RecordWrite, Handle: c.saveAttributes},
		{Method: get, Pattern: one + "/names", Permission: access.RecordRead, Handle: c.names},
		{Method: get, Pattern: one + "/roles", Permission: access.RecordRead, Handle: c.roles},
		{Method: get, Pattern: one + "/subscriptions", Permission: access.RecordRead, Handle: c.subscriptions},
		{Method: get, Pattern: one + "/household", Permission: access.RecordRead, Handle: c.household},
		{Method: get, Pattern: one + "/connections", Permission: access.RecordRead, Handle: c.connections},
		{Method: get, Pattern: one + "/documents", Permission: access.RecordRead, Handle: c.documents},
		{Method: get, Pattern: one + "/documents/{app}", Permission: access.DocumentAny, Handle: c.document},
		{Method: post, Pattern: one + "/documents/{app}", Permission: access.DocumentAny, Handle: c.saveDocument},
		{Method: get, Pattern: one + "/sessions", Permission: access.SessionList, Handle: c.sessions},
		{Method: post, Pattern: one + "/sessions/{session}/end", Permission: access.SessionDrop, Handle: c.endSession},
		{Method: get, Pattern: one + "/history", Permission: access.RecordHistory, Handle: c.history},
		{Method: get, Pattern: one + "/apis", Permission: access.RecordRead, Handle: c.apis},
		{Method: post, Pattern: one + "/state", Permission: access.IdentityAdmin, Handle: c.setState},
		{Method: get, Pattern: one + "/erase", Permission: access.RecordWrite, Handle: c.askErase},
		{Method: post, Pattern: one + "/erase", Permission: access.RecordWrite, Handle: c.erase},

		{Method: get, Pattern: me, Permission: access.ConsoleUse, Handle: c.me},
		{Method: post, Pattern: me, Permission: access.UserWrite, Handle: c.saveMe},
		{Method: post, Pattern: me + "/picture", Permission: access.SelfWrite, Handle: c.savePicture, MaxBody: media.MaxBytes + 1<<20},
		{Method: get, Pattern: me + "/household", Permission: access.HouseholdRead, Handle: c.myHousehold},
		{Method: post, Pattern: me + "/household", Permission: access.HouseholdWrite, Handle: c.addMember},
		{Method: get, Pattern: me + "/household/{member}", Permission: access.HouseholdRead, Handle: c.member},
		{Method: post, Pattern: me + "/household/{member}", Permission: access.HouseholdWrite, Handle: c.saveMember},
		{Method: post, Pattern: me + "/household/{member}/remove", Permission: access.HouseholdWrite, Handle: c.removeMember},
		{Method: get, Pattern: me + "/documents", Permission: access.DocumentOwn, Handle: c.myDocuments},
		{Method: get, Pattern: me + "/documents/{app}", Permission: access.DocumentOwn, Handle: c.myDocument},
		{Method: post, Pattern: me + "/documents/{app}", Permission: access.DocumentOwn, Handle: c.saveMyDocument},
		{Method: get, Pattern: me + "/connections", Permission: access.IdentityRead, Handle: c.myConnections},
		{Method: post, Pattern: me + "/connections", Permission: access.Relate, Handle: c.relate},
		{Method: get, Pattern: me + "/roles", Permission: access.AccessibleRead, Handle: c.myRoles},
		{Method: post, Pattern: me + "/roles", Permission: access.AccessibleAccept, Handle: c.answerRole},
		{Method: get, Pattern: me + "/security", Permission: access.ConsoleUse, Handle: c.security},
		{Method: post, Pattern: me + "/password", Permission: access.UserSecret, Handle: c.savePassword},
		{Method: post, Pattern: me + "/otp", Permission: access.UserSecret, Handle: c.setOTP},
		{Method: post, Pattern: me + "/sessions/{session}/end", Permission: access.SessionDrop, Handle: c.endMySession},
		{Method: get, Pattern: me + "/erase", Permission: access.ConsoleUse, Handle: c.askEraseMe},
		{Method: post, Pattern: me + "/erase", Permission: access.UserErase, Handle: c.eraseMe},
	}
}
