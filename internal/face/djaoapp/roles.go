package djaoapp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// listRoles lists who is what on a profile, of one type where the path names
// one (GET /api/profile/{profile}/roles[/{role}]).
func listRoles(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	a, q, err := readRoleQuery(r)
	if err != nil {
		return err
	}
	list, err := c.Site.Roles(r.Context(), c.Who, r.PathValue("profile"), q)
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return writeRoles(w, r, c, a, &list, func(one *directory.Role) role { return roleOf(c, one, "") }, roleColumns)
}

// readRoleQuery reads what part of a list of roles is asked for: role_status,
// q, o and the page.
func readRoleQuery(r *http.Request) (a asked, q directory.RoleQuery, err error) {
	if a, err = readWindow(r); err != nil {
		return a, q, err
	}
	query := r.URL.Query()
	q = directory.RoleQuery{Role: r.PathValue("role"), Window: a.Window, Terms: splitTerms(query.Get("q"))}
	for _, list := range query["role_status"] {
		for word := range strings.SplitSeq(list, ",") {
			for _, state := range directory.RoleStates {
				if string(state) == strings.TrimSpace(word) && !slices.Contains(q.States, state) {
					q.States = append(q.States, state)
				}
			}
		}
	}
	switch by := strings.Join(query["o"], ","); by {
	case "", "-created_at":
	case "created_at":
		q.Oldest = true
	default:
		q.Whole = true
	}
	q.Whole = q.Whole || len(q.Terms) > 0
	return a, q, nil
}

// writeRoles answers with a page of roles. A list that is there whole is
// searched and ordered here, like all short ones.
func writeRoles[T any](w http.ResponseWriter, r *http.Request, c *face.Call, a asked, list *directory.RoleList, wire func(*directory.Role) T, columns []column[T]) error {
	var out page[T]
	var err error
	if list.Whole {
		all := make([]T, len(list.Items))
		for i := range list.Items {
			all[i] = wire(&list.Items[i])
		}
		out, err = pageOf(r, c, all, columns)
		out.Capped = list.Capped
	} else {
		out, err = windowPage(r, c, a, list.Part, list.Total, wire)
	}
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, rolePage[T]{InvitedCount: list.Invited.Count, RequestedCount: list.Requested.Count, page: out})
}

// grantRole offers a user a role, accepts the user's request, or changes the
// role there is (POST /api/profile/{profile}/roles/{role}).
func grantRole(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	slug := r.PathValue("profile")
	if err := c.Site.MayProfile(r.Context(), access.RoleWrite, c.Who, slug); err != nil {
		return hide(r, c, err, "Organization")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	to := directory.RoleGrantee{Extra: in.extra(), Force: isForced(r)}
	to.Slug, to.Email = in.whom()
	to.FullName, _ = in.note("full_name", 100)
	to.Message, _ = in.note("message", 255)
	if err := in.err(); err != nil {
		return err
	}
	granted, made, err := c.Site.GrantRole(r.Context(), c.Who, slug, r.PathValue("role"), to)
	if err != nil {
		return hide(r, c, unaddressed(err), "Organization")
	}
	return write(w, createdIf(made), roleOf(c, &granted, ""))
}

func isForced(r *http.Request) bool {
	yes, _ := isTrue(r.URL.Query().Get("force"))
	return yes
}

func createdIf(made bool) int {
	if made {
		return http.StatusCreated
	}
	return http.StatusOK
}

// whom reads a slug and an e-mail, of which one should be there.
func (in *fields) whom() (slug, email string) {
	slug, _ = in.note("slug", directory.MaxSlug)
	email, _ = in.note("email", 254)
	if email != "" && !directory.IsEmail(email) {
		in.wrong("email", textEmail)
	}
	return slug, email
}

// unaddressed answers like DjaoApp where an invitation lacks its e-mail.
func unaddressed(err error) error {
	if e := profile.AsError(err); e.Kind == profile.Missing && e.Field == "email" {
		return refuse(e.Kind, e.Code, http.StatusBadRequest, object{{"email", e.Message}})
	}
	return err
}

// readRole answers with a user's role (GET
// /api/profile/{profile}/roles/{role}/{user}).
func readRole(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	found, err := c.Site.Role(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("role"), r.PathValue("user"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, roleOf(c, &found, ""))
}

// replaceRole keeps the JSON in extra with a role (PUT, likewise).
func replaceRole(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayProfile(r.Context(), access.RoleWrite, c.Who, r.PathValue("profile")); err != nil {
		return hide(r, c, err, "Organization")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	changed, err := c.Site.EditRole(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("role"), r.PathValue("user"), in.extra())
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, roleOf(c, &changed, ""))
}

// resendGrant mails an invitation once more (POST, likewise).
func resendGrant(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	found, sent, err := c.Site.ResendGrant(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("role"), r.PathValue("user"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	done := ""
	if sent {
		done = "Invite for " + found.User.FullName() + " has been sent"
	}
	return write(w, http.StatusOK, roleOf(c, &found, done))
}

// removeRole ends what a user is on a profile, whatever the type, but where the
// type is that of a request beside another role: then that alone (DELETE,
// likewise).
func removeRole(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.RemoveRole(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("role"), r.PathValue("user")); err != nil {
		return hide(r, c, err, "Organization")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// heldAlready answers like DjaoApp where a second role on a profile is refused:
// a bare list.
func heldAlready(err error) error {
	if e := profile.AsError(err); e.Kind == profile.Conflict && e.Field == "role" {
		return refuse(e.Kind, e.Code, http.StatusBadRequest, []string{e.Message})
	}
	return err
}

// includesPersonal reports whether the list is to have the own personal profile.
func includesPersonal(query url.Values) bool {
	yes, _ := isTrue(query.Get("include_personal_profile"))
	return yes
}
