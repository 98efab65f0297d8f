package djaoapp

import (
	"encoding/json"
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/schema"
)

// maxRoleTitle is the most characters of a role type's title.
const maxRoleTitle = 20

// listRoleTypes lists the role types of a profile, global ones and its own (GET
// /api/profile/{profile}/roles/describe).
func listRoleTypes(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	types, err := c.Site.RoleTypes(r.Context(), c.Who, r.PathValue("profile"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	all := make([]roleDescription, len(types))
	for i, t := range types {
		all[i] = roleDescriptionOf(t)
	}
	return writePage(w, r, c, all, roleTypeColumns)
}

// createRoleType makes a role type (POST
// /api/profile/{profile}/roles/describe).
func createRoleType(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayProfile(r.Context(), access.RoleTypeWrite, c.Who, r.PathValue("profile")); err != nil {
		return hide(r, c, err, "Organization")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	edit := in.roleEdit(true)
	if err := in.err(); err != nil {
		return err
	}
	made, err := c.Site.AddRoleType(r.Context(), c.Who, r.PathValue("profile"), edit)
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusCreated, roleDescriptionOf(made))
}

// readRoleType answers with a role type (GET
// /api/profile/{profile}/roles/describe/{role}).
func readRoleType(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	t, err := c.Site.RoleType(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("role"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, roleDescriptionOf(t))
}

// replaceRoleType changes a role type; its title has to be there (PUT
// /api/profile/{profile}/roles/describe/{role}). What is not named stays.
func replaceRoleType(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return editRoleType(w, r, c, true)
}

// updateRoleType changes what is named (PATCH, likewise).
func updateRoleType(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return editRoleType(w, r, c, false)
}

func editRoleType(w http.ResponseWriter, r *http.Request, c *face.Call, titled bool) error {
	slug, word := r.PathValue("profile"), r.PathValue("role")
	if err := c.Site.MayRoleType(r.Context(), c.Who, slug, word); err != nil {
		return hide(r, c, err, "Organization")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	edit := in.roleEdit(titled)
	if err := in.err(); err != nil {
		return err
	}
	t, err := c.Site.EditRoleType(r.Context(), c.Who, slug, word, edit)
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, roleDescriptionOf(t))
}

// roleEdit reads what is said of a role type.
func (in *fields) roleEdit(titled bool) (out directory.RoleEdit) {
	if titled && !in.has("title") {
		in.wrong("title", textRequired)
	}
	if title, ok := in.filled("title", maxRoleTitle); ok {
		out.Title = &title
	}
	for name, to := range map[string]**bool{
		"skip_optin_on_grant": &out.SkipOptin, "implicit_create_on_none": &out.Implicit, "otp_required": &out.OTPRequired,
	} {
		if yes, ok := in.truth(name); ok {
			*to = &yes
		}
	}
	out.Extra = in.extra()
	return out
}

// extra reads any JSON that a caller keeps with a thing, nil when there is
// none; null clears.
func (in *fields) extra() json.RawMessage {
	raw, ok := in.values[extraExtra]
	if !ok {
		return nil
	}
	return schema.Compact(nil, raw)
}

// deleteRoleType deletes a role type, and ends the roles of that type (DELETE
// /api/profile/{profile}/roles/describe/{role}).
func deleteRoleType(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.DeleteRoleType(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("role")); err != nil {
		return hide(r, c, err, "Organization")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
