package djaoapp

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
)

// routes is the table of the face: api/djaoapp.yaml describes exactly these.
func routes() []face.Route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

		key     = "/api/auth/{key}"
		profile = "/api/profile/{profile}"
		roles   = profile + "/roles"
		mine    = "/api/users/{user}/accessibles"
		plan    = profile + "/plans/{plan}"
	)
	uploads := face.NewUploads()
	return []face.Route{
		{Method: post, Pattern: "/api/auth", Permission: access.SessionStart, Handle: login},
		{Method: post, Pattern: "/api/auth/register", Permission: access.SessionStart, Handle: register},
		{Method: get, Pattern: key, Permission: access.SessionStart, Handle: invitation},
		{Method: post, Pattern: key, Permission: access.SessionStart, Handle: activate},
		{Method: get, Pattern: "/api/auth/activate/{key}", Permission: access.SessionStart, Handle: invitation},
		{Method: post, Pattern: "/api/auth/activate/{key}", Permission: access.SessionStart, Handle: activate},
		{Method: post, Pattern: "/api/auth/reset/{key}", Permission: access.SessionStart, Handle: resetPassword},
		{Method: post, Pattern: "/api/auth/recover", Permission: access.SessionStart, Handle: recoverAccount},
		{Method: get, Pattern: "/api/auth/tokens", Permission: access.SessionRead, Handle: readSession},
		{Method: post, Pattern: "/api/auth/tokens", Permission: access.SessionRenew, Handle: exchange},
		{Method: del, Pattern: "/api/auth/tokens", Permission: access.SessionRevoke, Handle: revoke},
		{Method: post, Pattern: "/api/auth/tokens/verify", Permission: access.SessionRead, Handle: verify},
		{Method: post, Pattern: "/api/auth/logout", Permission: access.SessionEnd, Handle: logout},

		{Method: get, Pattern: "/api/users/{user}", Permission: access.UserRead, Handle: readUser},
		{Method: put, Pattern: "/api/users/{user}", Permission: access.UserWrite, Handle: replaceUser},
		{Method: patch, Pattern: "/api/users/{user}", Permission: access.UserWrite, Handle: updateUser},
		{Method: del, Pattern: "/api/users/{user}", Permission: access.UserErase, Handle: eraseUser},
		{Method: put, Pattern: "/api/users/{user}/password", Permission: access.UserSecret, Handle: changePassword},
		{Method: del, Pattern: "/api/users/{user}/password", Permission: access.UserSecret, Handle: clearPassword},
		{Method: put, Pattern: "/api/users/{user}/otp", Permission: access.UserSecret, Handle: changeOTP},
		{Method: post, Pattern: "/api/users/{user}/otp", Permission: access.UserSecret, Handle: changeOTP},
		{Method: get, Pattern: "/api/users/{user}/api-keys", Permission: access.UserSecret, Handle: listAPIKeys},
		{Method: post, Pattern: "/api/users/{user}/api-keys", Permission: access.UserSecret, Handle: createAPIKey},
		{Method: post, Pattern: "/api/users/{user}/api-keys/{key}", Permission: access.UserSecret, Handle: deleteAPIKey},
		{Method: del, Pattern: "/api/users/{user}/api-keys/{key}", Permission: access.UserSecret, Handle: deleteAPIKey},
		{Method: post, Pattern: "/api/users/{user}/activate", Permission: access.UserActivate, Handle: activateUser},
		{Method: get, Pattern: "/api/users/{user}/notifications", Permission: access.UserRead, Handle: readNotifications},
		{Method: put, Pattern: "/api/users/{user}/notifications", Permission: access.UserWrite, Handle: replaceNotifications},
		{Method: post, Pattern: "/api/users/{user}/notifications", Permission: access.UserWrite, Handle: replaceNotifications},

		{Method: get, Pattern: "/api/legal", Permission: access.Open, Handle: listLegal},
		{Method: get, Pattern: "/api/legal/{agreement}", Permission: access.Open, Handle: readLegal},
		{Method: post, Pattern: "/api/legal/{agreement}", Permission: access.AgreementSign, Handle: chooseLegal},
		{Method: post, Pattern: "/api/legal/{agreement}/sign", Permission: access.AgreementSign, Handle: signLegal},
		{Method: get, Pattern: "/api/agreements", Permission: access.AgreementRead, Handle: listAgreements},
		{Method: post, Pattern: "/api/agreements", Permission: access.AgreementWrite, Handle: createAgreement},
		{Method: get, Pattern: "/api/agreements/{agreement}", Permission: access.AgreementRead, Handle: readAgreement},
		{Method: put, Pattern: "/api/agreements/{agreement}", Permission: access.AgreementWrite, Handle: replaceAgreement},
		{Method: del, Pattern: "/api/agreements/{agreement}", Permission: access.AgreementWrite, Handle: deleteAgreement},

		{Method: get, Pattern: "/api/users/{user}/profiles", Permission: access.UserProfiles, Handle: listProfiles},
		{Method: post, Pattern: "/api/users/{user}/profiles", Permission: access.ProfileConnect, Handle: connectProfile},
		{Method: post, Pattern: "/api/accounts/profiles", Permission: access.ProfileShadow, Handle: shadowProfile},
		{Method: post, Pattern: "/api/profile", Permission: access.ProfileShadow, Handle: shadowProfile},
		{Method: get, Pattern: "/api/accounts", Permission: access.AccountSearch, Handle: searchAccounts},
		{Method: get, Pattern: "/api/accounts/profiles", Permission: access.AccountSearch, Handle: searchProfiles},
		{Method: get, Pattern: "/api/accounts/profiles/{profile}", Permission: access.AccountSearch, Handle: readAccount},
		{Method: get, Pattern: "/api/accounts/users", Permission: access.AccountSearch, Handle: searchUsers},

		{Method: get, Pattern: "/api/users", Permission: access.ContactRead, Handle: listPeople},
		{Method: post, Pattern: "/api/users", Permission: access.ContactWrite, Handle: createContact},
		{Method: get, Pattern: "/api/contacts", Permission: access.ContactRead, Handle: listPeople},
		{Method: post, Pattern: "/api/contacts", Permission: access.ContactWrite, Handle: createContact},
		{Method: get, Pattern: "/api/contacts/{user}/activities", Permission: access.ContactRead, Handle: listActivities(directory.AboutContact)},
		{Method: post, Pattern: "/api/contacts/{user}/activities", Permission: access.ContactWrite, Handle: createActivity(directory.AboutContact)},
		{Method: get, Pattern: "/api/activities/{profile}", Permission: access.NoteRead, Handle: listActivities(directory.AboutAccount)},
		{Method: post, Pattern: "/api/activities/{profile}", Permission: access.NoteWrite, Handle: createActivity(directory.AboutAccount)},
		{Method: get, Pattern: "/api/metrics/registered", Permission: access.ReportRead, Handle: listRegistered},
		{Method: post, Pattern: "/api/users/{user}/picture", Permission: access.UserPicture, Handle: receivePicture(uploads, access.UserPicture), MaxBody: maxForm},
		{Method: post, Pattern: "/api/contacts/{user}/picture", Permission: access.ContactWrite, Handle: receivePicture(uploads, access.ContactWrite), MaxBody: maxForm},
		{Method: post, Pattern: profile + "/picture", Permission: access.ProfileWrite, Handle: receivePicture(uploads, access.ProfileWrite), MaxBody: maxForm},
		{Method: get, Pattern: "/api/profile", Permission: access.ProfileList, Handle: listAll},

		{Method: get, Pattern: profile, Permission: access.ProfileRead, Handle: readProfile},
		{Method: put, Pattern: profile, Permission: access.ProfileWrite, Handle: replaceProfile},
		{Method: patch, Pattern: profile, Permission: access.ProfileWrite, Handle: updateProfile},
		{Method: del, Pattern: profile, Permission: access.ProfileErase, Handle: eraseProfile},

		{Method: get, Pattern: "/api/pricing", Permission: access.PricingRead, Handle: pricing},
		{Method: get, Pattern: profile + "/plans", Permission: access.PlanRead, Handle: listPlans},
		{Method: post, Pattern: profile + "/plans", Permission: access.PlanWrite, Handle: createPlan},
		{Method: get, Pattern: plan, Permission: access.PlanRead, Handle: readPlan},
		{Method: put, Pattern: plan, Permission: access.PlanWrite, Handle: replacePlan},
		{Method: patch, Pattern: plan, Permission: access.PlanWrite, Handle: updatePlan},
		{Method: del, Pattern: plan, Permission: access.PlanWrite, Handle: deletePlan},
		{Method: get, Pattern: plan + "/subscriptions", Permission: access.SubscriberRead, Handle: listProvided(directory.RunningSubscriptions)},
		{Method: post, Pattern: plan + "/subscriptions", Permission: access.PlanGrant, Handle: grantSubscription},
		{Method: get, Pattern: plan + "/subscriptions/all", Permission: access.SubscriberRead, Handle: listProvided(directory.AllSubscriptions)},
		{Method: get, Pattern: plan + "/subscriptions/churned", Permission: access.SubscriberRead, Handle: listProvided(directory.ChurnedSubscriptions)},
		{Method: get, Pattern: plan + "/subscriptions/{subscriber}", Permission: access.SubscriberRead, Handle: readPlanSubscription},
		{Method: put, Pattern: plan + "/subscriptions/{subscriber}", Permission: access.SubscriberWrite, Handle: replacePlanSubscription},
		{Method: del, Pattern: plan + "/subscriptions/{subscriber}", Permission: access.SubscriberWrite, Handle: removePlanSubscription},

		{Method: get, Pattern: profile + "/subscribers", Permission: access.SubscriberRead, Handle: listSubscribers(directory.RunningSubscriptions)},
		{Method: get, Pattern: profile + "/subscribers/all", Permission: access.SubscriberRead, Handle: listSubscribers(directory.AllSubscriptions)},
		{Method: get, Pattern: profile + "/subscribers/engaged", Permission: access.SubscriberRead, Handle: listEngaged},
		{Method: get, Pattern: profile + "/subscribers/unengaged", Permission: access.SubscriberRead, Handle: listUnengaged},
		{Method: get, Pattern: profile + "/subscribers/subscriptions", Permission: access.SubscriberRead, Handle: listProvided(directory.RunningSubscriptions)},
		{Method: get, Pattern: profile + "/subscribers/subscriptions/all", Permission: access.SubscriberRead, Handle: listProvided(directory.AllSubscriptions)},
		{Method: get, Pattern: profile + "/subscribers/subscriptions/churned", Permission: access.SubscriberRead, Handle: listProvided(directory.ChurnedSubscriptions)},
		{Method: post, Pattern: profile + "/subscribers/accept/{key}", Permission: access.PlanGrant, Handle: acceptRequest},

		{Method: get, Pattern: profile + "/subscriptions", Permission: access.SubscriptionOf, Handle: listSubscriptions},
		{Method: post, Pattern: profile + "/subscriptions", Permission: access.SubscriptionRequest, Handle: requestSubscription},
		{Method: get, Pattern: profile + "/subscriptions/expired", Permission: access.SubscriptionOf, Handle: listExpired},
		{Method: post, Pattern: profile + "/subscriptions/accept/{key}", Permission: access.SubscriptionAccept, Handle: acceptGrant},
		{Method: get, Pattern: profile + "/subscriptions/{plan}", Permission: access.SubscriptionOf, Handle: readSubscription},
		{Method: put, Pattern: profile + "/subscriptions/{plan}", Permission: access.SubscriptionWrite, Handle: replaceSubscription},
		{Method: patch, Pattern: profile + "/subscriptions/{plan}", Permission: access.SubscriptionWrite, Handle: updateSubscription},
		{Method: del, Pattern: profile + "/subscriptions/{plan}", Permission: access.SubscriptionWrite, Handle: removeSubscription},

		{Method: get, Pattern: roles + "/describe", Permission: access.RoleTypeRead, Handle: listRoleTypes},
		{Method: post, Pattern: roles + "/describe", Permission: access.RoleTypeWrite, Handle: createRoleType},
		{Method: get, Pattern: roles + "/describe/{role}", Permission: access.RoleTypeRead, Handle: readRoleType},
		{Method: put, Pattern: roles + "/describe/{role}", Permission: access.RoleTypeWrite, Handle: replaceRoleType},
		{Method: patch, Pattern: roles + "/describe/{role}", Permission: access.RoleTypeWrite, Handle: updateRoleType},
		{Method: del, Pattern: roles + "/describe/{role}", Permission: access.RoleTypeWrite, Handle: deleteRoleType},
		{Method: get, Pattern: roles, Permission: access.RoleRead, Handle: listRoles},
		{Method: get, Pattern: roles + "/{role}", Permission: access.RoleRead, Handle: listRoles},
		{Method: post, Pattern: roles + "/{role}", Permission: access.RoleWrite, Handle: grantRole},
		{Method: get, Pattern: roles + "/{role}/{user}", Permission: access.RoleRead, Handle: readRole},
		{Method: put, Pattern: roles + "/{role}/{user}", Permission: access.RoleWrite, Handle: replaceRole},
		{Method: post, Pattern: roles + "/{role}/{user}", Permission: access.RoleWrite, Handle: resendGrant},
		{Method: del, Pattern: roles + "/{role}/{user}", Permission: access.RoleWrite, Handle: removeRole},

		{Method: get, Pattern: mine, Permission: access.AccessibleRead, Handle: listAccessibles},
		{Method: post, Pattern: mine, Permission: access.AccessibleWrite, Handle: requestRole},
		{Method: get, Pattern: mine + "/{role}", Permission: access.AccessibleRead, Handle: listAccessibles},
		{Method: post, Pattern: mine + "/{role}", Permission: access.AccessibleWrite, Handle: requestRole},
		{Method: get, Pattern: mine + "/{role}/{profile}", Permission: access.AccessibleRead, Handle: readAccessible},
		{Method: post, Pattern: mine + "/{role}/{profile}", Permission: access.AccessibleWrite, Handle: resendRequest},
		{Method: del, Pattern: mine + "/{role}/{profile}", Permission: access.AccessibleWrite, Handle: leaveProfile},
		{Method: put, Pattern: mine + "/accept/{key}", Permission: access.AccessibleAccept, Handle: acceptRole},
	}
}
