package djaoapp

import (
	"encoding/json"
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// readUser answers with a user's account (GET /api/users/{user}), and with what
// was noted about the person for who may read that.
func readUser(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	slug := r.PathValue("user")
	user, err := c.Site.User(r.Context(), c.Who, slug)
	if err != nil {
		return hide(r, c, err, "User")
	}
	out := userRead{userDetail: userDetailOf(&user)}
	if out.Activities, err = shownActivities(r, c, directory.AboutContact, slug); err != nil {
		return err
	}
	return write(w, http.StatusOK, out)
}

// listProfiles lists the profiles that a user manages (GET
// /api/users/{user}/profiles).
func listProfiles(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	a, q, err := readListQuery(r, "", "")
	if err != nil {
		return err
	}
	profiles, err := c.Site.ProfilesOf(r.Context(), c.Who, r.PathValue("user"), q)
	if err != nil {
		return hide(r, c, err, "User")
	}
	return writeList(w, r, c, a, &profiles, profileColumns, organizationDetailOf)
}

// connectProfile makes a profile that a user manages (POST
// /api/users/{user}/profiles), or with convert_from_personal an organization of
// the user's personal profile.
func connectProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayUser(r.Context(), access.ProfileConnect, c.Who, r.PathValue("user")); err != nil {
		return hide(r, c, err, "User")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	if convert, _ := isTrue(r.URL.Query().Get("convert_from_personal")); convert {
		return convertPersonal(w, r, c, in)
	}
	draft, err := in.madeProfile(r)
	if err != nil {
		return err
	}
	made, err := c.Site.ConnectProfile(r.Context(), c.Who, r.PathValue("user"), draft)
	if err != nil {
		return hide(r, c, err, "User")
	}
	return write(w, http.StatusCreated, organizationDetailOf(&made))
}

// convertPersonal makes an organization of a user's personal profile; the names
// of persons stay with the user.
func convertPersonal(w http.ResponseWriter, r *http.Request, c *face.Call, in *fields) error {
	draft := directory.NewProfile{Face: name}
	draft.FullName, _ = in.filled("full_name", 100)
	draft.Slug, _ = in.filled("slug", maxSlug)
	draft.Email, _ = in.filled("email", 254)
	draft.Sets, draft.Extras = in.sets(), in.extras()
	err := in.err()
	if err == nil {
		draft.Repeat, err = in.repeat(r)
	}
	if err != nil {
		return err
	}
	draft.Extras[extraNickName], draft.Extras[extraLang] = json.RawMessage("null"), json.RawMessage("null")
	if _, err := c.Site.ConvertPersonal(r.Context(), c.Who, r.PathValue("user"), draft); err != nil {
		if profile.IsCode(err, profile.CodeNotPersonal) {
			return refuse(profile.Invalid, profile.CodeNotPersonal, http.StatusBadRequest, object{{"error", "Invalid request."}})
		}
		return hide(r, c, err, "User")
	}
	return write(w, http.StatusOK, detail("Successfully converted personal profile to organization."))
}

// shadowProfile makes a profile that nobody manages (POST
// /api/accounts/profiles; POST /api/profile, its path until 2022).
func shadowProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	draft, err := in.madeProfile(r)
	if err != nil {
		return err
	}
	made, err := c.Site.ShadowProfile(r.Context(), c.Who, draft)
	if err != nil {
		return err
	}
	return write(w, http.StatusCreated, organizationDetailOf(&made))
}

// madeProfile reads the request that makes a profile.
func (in *fields) madeProfile(r *http.Request) (directory.NewProfile, error) {
	draft := in.newProfile()
	err := in.err()
	if err == nil {
		draft.Repeat, err = in.repeat(r)
	}
	return draft, err
}

// newProfile reads what a profile is made from.
func (in *fields) newProfile() directory.NewProfile {
	out := directory.NewProfile{Face: name, FullName: in.required("full_name", 100)}
	out.Slug, _ = in.filled("slug", maxSlug)
	out.Email, _ = in.filled("email", 254)
	if kind, ok := in.text("type", 50); ok && kind != "" && kind != "organization" {
		if out.Personal = kind == "personal"; !out.Personal {
			in.wrong("type", "type must be one of 'personal' or 'organization'.")
		}
	}
	out.Sets, out.Extras = in.sets(), in.extras()
	return out
}
