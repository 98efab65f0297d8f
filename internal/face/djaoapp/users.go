package djaoapp

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// replaceUser changes a user's account; its name has to be there (PUT
// /api/users/{user}). What is not named stays as it is.
func replaceUser(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return editUser(w, r, c, true)
}

// updateUser changes what is named (PATCH /api/users/{user}).
func updateUser(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return editUser(w, r, c, false)
}

func editUser(w http.ResponseWriter, r *http.Request, c *face.Call, named bool) error {
	slug := r.PathValue("user")
	if err := c.Site.MayUser(r.Context(), access.UserWrite, c.Who, slug); err != nil {
		return hide(r, c, err, "User")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	change, names := in.userEdit(slug)
	if named && !in.has("full_name") {
		in.wrong("full_name", textRequired)
	}
	if err := in.err(); err != nil {
		return err
	}
	user, err := c.Site.EditUser(r.Context(), c.Who, directory.UserKey{Username: slug}, change)
	if e := profile.AsError(err); err != nil && e.Code == profile.CodeOneTime {
		return refuse(profile.Invalid, profile.CodeOneTime, http.StatusBadRequest, detail(e.Message))
	}
	if err != nil {
		return hide(r, c, renamed(err, names...), "User")
	}
	return write(w, http.StatusOK, userAnswer{userDetailOf(&user), "Profile updated."})
}

// userEdit reads a change of a user's account. names pairs the kernel's fields
// with those that the caller used.
func (in *fields) userEdit(slug string) (change directory.UserEdit, names []string) {
	change.Face = name
	username := "slug"
	if in.has("username") && !in.has("slug") {
		username = "username"
	}
	if to, ok := in.filled(username, directory.MaxSlug); ok && to != slug {
		change.Slug = &to
	}
	if fullName, ok := in.filled("full_name", 100); ok {
		change.FullName = &fullName
	}
	if email, ok := in.filled("email", 254); ok {
		change.Sets = append(change.Sets, directory.Set{Path: pathOf("email"), Value: &email})
	}
	if phone, ok := in.text("phone", 50); ok {
		if number, good := directory.E164(phone); phone != "" && !good {
			in.wrong("phone", "Enter a valid phone number.")
		} else if phone == "" {
			change.Sets = append(change.Sets, directory.Set{Path: pathOf("phone")})
		} else {
			change.Sets = append(change.Sets, directory.Set{Path: pathOf("phone"), Value: &number})
		}
	}
	change.Extras = in.extras()
	for key := range change.Extras { // the rest is a profile's
		if key != extraNickName && key != extraLang {
			delete(change.Extras, key)
		}
	}
	p := in.proof()
	change.EmailCode, change.PhoneCode = p.EmailCode, p.PhoneCode
	return change, []string{"slug", username}
}

// eraseUser erases a user, with the personal profile (DELETE
// /api/users/{user}).
func eraseUser(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.EraseUser(r.Context(), c.Who, directory.UserKey{Username: r.PathValue("user")}); err != nil {
		return hide(r, c, err, "User")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// activateUser mails a user without a password the key to choose one (POST
// /api/users/{user}/activate).
func activateUser(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	user, err := c.Site.Activate(r.Context(), c.Who, r.PathValue("user"))
	if err != nil {
		return hide(r, c, err, "User")
	}
	detail := userDetailOf(&user)
	return write(w, http.StatusOK, userAnswer{detail, "Activation e-mail successfuly sent to " + detail.Email})
}

const (
	extraNotifications = "notifications" // slugs of the notices that a user does not want
	maxNotifications   = 100
)

// readNotifications tells which notices a user does not want (GET
// /api/users/{user}/notifications).
func readNotifications(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	user, err := c.Site.User(r.Context(), c.Who, r.PathValue("user"))
	if err != nil {
		return hide(r, c, err, "User")
	}
	out := notifications{[]string{}}
	if raw := user.Extra(name + "." + extraNotifications); raw != nil {
		if err := json.Unmarshal(raw, &out.Notifications); err != nil {
			return err
		}
	}
	return write(w, http.StatusOK, out)
}

// replaceNotifications says which notices a user does not want (PUT and POST
// /api/users/{user}/notifications).
func replaceNotifications(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	slug := r.PathValue("user")
	if err := c.Site.MayUser(r.Context(), access.UserWrite, c.Who, slug); err != nil {
		return hide(r, c, err, "User")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	slugs := in.slugs("notifications", maxNotifications)
	if err := in.err(); err != nil {
		return err
	}
	if err := c.Site.SetNotices(r.Context(), c.Who, slug, slugs); err != nil {
		return hide(r, c, err, "User")
	}
	return write(w, http.StatusOK, notifications{slugs})
}

// slugs reads a list of slugs that has to be there, each once; forms write
// them in one field, parted by commas.
func (in *fields) slugs(field string, most int) []string {
	out := []string{}
	raw, there := in.values[field]
	if !there {
		in.wrong(field, textRequired)
		return out
	}
	var items []jsontext.Value
	switch text, _ := schema.Text(raw); raw.Kind() {
	case '[':
		if err := json.Unmarshal(raw, &items); err != nil { // checked as a whole before
			return out
		}
	case '"':
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				items = append(items, schema.AppendString(nil, part))
			}
		}
	default:
		in.wrong(field, `Expected a list of items.`)
		return out
	}
	if len(items) > most {
		in.wrong(field, "Ensure this field has no more than %d elements.", most)
		return out
	}
	for _, item := range items {
		text, ok := schema.Text(item)
		if !ok || !directory.IsSlug(text) || len(text) > maxSlug {
			in.wrong(field, `Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.`)
			return out
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}
