package djaoapp

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
)

// readProfile answers with a profile and its subscriptions (GET
// /api/profile/{profile}), and for who may read them with the notes about it.
func readProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := c.Site.Profile(r.Context(), c.Who, r.PathValue("profile"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	out := profileDetailOf(&p, "")
	if out.Activities, err = shownActivities(r, c, directory.AboutAccount, p.Slug); err != nil {
		return err
	}
	return write(w, http.StatusOK, out)
}

// replaceProfile changes a profile; its name has to be there (PUT
// /api/profile/{profile}). What is not named stays as it is.
func replaceProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return edit(w, r, c, true)
}

// updateProfile changes what is named (PATCH /api/profile/{profile}).
func updateProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return edit(w, r, c, false)
}

func edit(w http.ResponseWriter, r *http.Request, c *face.Call, named bool) error {
	slug := r.PathValue("profile")
	if err := c.Site.MayProfile(r.Context(), access.ProfileWrite, c.Who, slug); err != nil {
		return hide(r, c, err, "Organization")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	change := directory.Edit{Face: name}
	if to, ok := in.filled("slug", directory.MaxSlug); ok && to != slug {
		if to, ok = in.filled("slug", maxSlug); ok {
			change.Slug = &to
		}
	}
	if named && !in.has("full_name") {
		in.wrong("full_name", textRequired)
	}
	if fullName, ok := in.filled("full_name", 100); ok {
		change.FullName = &fullName
	}
	if email, ok := in.filled("email", 254); ok {
		change.Sets = append(change.Sets, directory.Set{Path: pathOf("email"), Value: &email})
	}
	change.Sets, change.Extras = append(change.Sets, in.sets()...), in.extras()
	if err := in.err(); err != nil {
		return err
	}
	p, err := c.Site.EditProfile(r.Context(), c.Who, slug, change)
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, profileDetailOf(&p, "Profile was updated."))
}

// eraseProfile erases the person or organization (DELETE
// /api/profile/{profile}).
func eraseProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.EraseProfile(r.Context(), c.Who, r.PathValue("profile")); err != nil {
		return hide(r, c, err, "Organization")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
