package cloudillo

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// updateProfile changes anybody's profile, for an operator (PATCH
// /api/admin/profiles/{idTag}). A suspended person is signed out and cannot
// sign in.
func updateProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Name   jsontext.Value `json:"name"`
		Status string         `json:"status"`
		Roles  jsontext.Value `json:"roles"`
	}
	if err := c.Site.MayAdminister(r.Context(), c.Who); err != nil {
		return err
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	var edit directory.AdminEdit
	if in.Name != nil {
		text, ok := schema.Text(in.Name)
		if !ok {
			return invalid("name", "name is not a text")
		}
		edit.Name = &text
	}
	if in.Status != "" {
		switch word, _ := wordOf(in.Status); word {
		case "active":
			edit.Disabled = new(false)
		case "suspended":
			edit.Disabled = new(true)
		default:
			return invalid("status", "status is active or suspended")
		}
	}
	if in.Roles != nil {
		edit.Roles = []string{}
		if err := json.Unmarshal(in.Roles, &edit.Roles); err != nil {
			return profile.E(profile.Invalid, profile.CodeType, "roles", "roles is not a list of texts")
		}
		if edit.Roles == nil { // null clears
			edit.Roles = []string{}
		}
	}
	p, err := c.Site.EditIdentity(r.Context(), c.Who, r.PathValue("idTag"), edit)
	if err != nil {
		return err
	}
	word := "active"
	if p.State != profile.Active {
		word = "suspended"
	}
	who, roles := identityOf(c.Site, &p), rolesOf(&p)
	return answer(w, c, http.StatusOK, administered{
		TnID: p.Number, identity: who, Status: word, Roles: roles, Profile: adminView{who, letterOf(word), roles},
	})
}
