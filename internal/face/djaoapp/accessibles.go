package djaoapp

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
)

// listAccessibles lists what a user is on which profiles, of one type where the
// path names one (GET /api/users/{user}/accessibles[/{role}]). Users who look
// at their own are offered what their e-mail gives them.
func listAccessibles(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	a, q, err := readRoleQuery(r)
	if err != nil {
		return err
	}
	q.Personal = includesPersonal(r.URL.Query())
	if err := c.Site.OfferRoles(r.Context(), c.Who, r.PathValue("user")); err != nil {
		return err
	}
	list, err := c.Site.Accessibles(r.Context(), c.Who, r.PathValue("user"), q)
	if err != nil {
		return hide(r, c, err, "User")
	}
	return writeRoles(w, r, c, a, &list, func(one *directory.Role) accessible { return accessibleOf(c, one, "") }, accessibleColumns)
}

// requestRole asks for a role on a profile (POST
// /api/users/{user}/accessibles[/{role}]).
func requestRole(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	username := r.PathValue("user")
	if err := c.Site.MayUser(r.Context(), access.AccessibleWrite, c.Who, username); err != nil {
		return hide(r, c, err, "User")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	to := directory.RoleRequest{Force: isForced(r)}
	to.Slug, to.Email = in.whom()
	to.Message, _ = in.note("message", 255)
	if err := in.err(); err != nil {
		return err
	}
	asked, made, err := c.Site.RequestRole(r.Context(), c.Who, username, r.PathValue("role"), to)
	if err != nil {
		return hide(r, c, unaddressed(err), "User")
	}
	return write(w, createdIf(made), accessibleOf(c, &asked, ""))
}

// readAccessible answers with what a user is on a profile (GET
// /api/users/{user}/accessibles/{role}/{profile}).
func readAccessible(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	found, err := c.Site.Accessible(r.Context(), c.Who, r.PathValue("user"), r.PathValue("role"), r.PathValue("profile"))
	if err != nil {
		return hide(r, c, err, "User")
	}
	return write(w, http.StatusOK, accessibleOf(c, &found, ""))
}

// resendRequest mails a request once more (POST, likewise).
func resendRequest(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	found, sent, err := c.Site.ResendRequest(r.Context(), c.Who, r.PathValue("user"), r.PathValue("role"), r.PathValue("profile"))
	if err != nil {
		return hide(r, c, err, "User")
	}
	done := ""
	if sent {
		done = "Request for " + found.Profile.FullName() + " has been sent"
	}
	return write(w, http.StatusOK, accessibleOf(c, &found, done))
}

// leaveProfile leaves a profile, takes a request back or declines an invitation
// (DELETE, likewise); the type of a request beside another role names it alone.
func leaveProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.LeaveProfile(r.Context(), c.Who, r.PathValue("user"), r.PathValue("role"), r.PathValue("profile")); err != nil {
		return hide(r, c, err, "User")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// acceptRole accepts an invitation (PUT
// /api/users/{user}/accessibles/accept/{key}).
func acceptRole(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	accepted, err := c.Site.AcceptRole(r.Context(), c.Who, r.PathValue("user"), r.PathValue("key"))
	if err != nil {
		return hide(r, c, heldAlready(err), "User")
	}
	return write(w, http.StatusOK, accessibleOf(c, &accepted, ""))
}
