package console

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/media"
	"facet/internal/profile"
)

// meForm is one's own account.
type meForm struct {
	FullName, Slug, Email, Phone, About string
	Faults                              map[string]string // by input
	Fault                               string
	Saved                               bool
	Picture                             string // where it is; "" for none
	IDTag                               string
}

func meFormOf(call *face.Call, p *directory.Subject) meForm {
	return meForm{FullName: p.FullName(), Slug: p.Slug, Email: p.Text("email"), Phone: p.Text("mobileNumber"), About: p.Text("aboutMe"),
		Picture: pictureOf(*p), IDTag: call.Site.IDTag(p)}
}

func (c *Console) me(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	p, err := call.Site.Self(r.Context(), call.Who)
	if err != nil {
		return err
	}
	form := meFormOf(call, &p)
	form.Saved = r.URL.Query().Has("saved")
	return c.show(w, r, call, http.StatusOK, page{Name: "me", Title: "My profile", Section: "me", Data: form})
}

// saveMe changes what differs from what is kept.
func (c *Console) saveMe(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	p, err := call.Site.Self(r.Context(), call.Who)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	is := meFormOf(call, &p)
	next := is
	text := func(name string) string {
		return strings.TrimSpace(strings.ReplaceAll(r.PostFormValue(name), "\r\n", "\n"))
	}
	next.FullName, next.Slug, next.Email, next.Phone, next.About = text("full_name"), text("slug"), text("email"), text("phone"), text("about")
	var edit directory.UserEdit
	if next.FullName != is.FullName {
		edit.FullName = &next.FullName
	}
	if next.Slug != is.Slug {
		edit.Slug = &next.Slug
	}
	for _, s := range []struct{ path, was, now string }{{"email", is.Email, next.Email}, {"mobileNumber", is.Phone, next.Phone}, {"aboutMe", is.About, next.About}} {
		if s.was != s.now {
			set := directory.Set{Path: s.path}
			if s.now != "" {
				set.Value = &s.now
			}
			edit.Sets = append(edit.Sets, set)
		}
	}
	if _, err = call.Site.EditUser(r.Context(), call.Who, directory.UserKey{ID: call.Who.Subject}, edit); err == nil {
		return redirect(w, r, "/console/me?saved=1")
	}
	e := profile.AsError(err)
	if e.Kind == profile.Internal || e.Kind == profile.Unauthenticated {
		return err
	}
	next.Faults = map[string]string{}
	if input := map[string]string{"displayName": "full_name", "givenName": "full_name", "middleName": "full_name", "familyName": "full_name",
		"slug": "slug", "email": "email", "mobileNumber": "phone", "phone": "phone", "aboutMe": "about"}[e.Field]; input != "" {
		next.Faults[input] = saying(e)
	} else {
		next.Fault = saying(e)
	}
	return c.show(w, r, call, statusOf(e), page{Name: "me", Title: "My profile", Section: "me", Data: next})
}

// savePicture makes what was sent the caller's picture: a form's file, which the
// page's script has cropped where there is one.
func (c *Console) savePicture(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if err := parseForm(r); err != nil {
		return err
	}
	file, _, err := r.FormFile("picture")
	if err != nil {
		return profile.E(profile.Missing, profile.CodeRequired, "picture", "choose a picture first")
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, media.MaxBytes+1))
	if err != nil {
		return err
	}
	if len(data) > media.MaxBytes {
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "picture", "a picture has %d MB at most", media.MaxBytes>>20)
	}
	if _, err := call.Site.SetPicture(r.Context(), call.Who, "", directory.ProfilePicture, data); err != nil {
		return err
	}
	return redirect(w, r, "/console/me")
}

// connectionsData is the page of one's relationships.
type connectionsData struct {
	Lists []identityList
	Term  string
	Found []directory.Identity
	Tags  map[profile.ID]string
}

type identityList struct {
	Title, Empty string
	Items        []directory.Identity
	More         bool
}

func (c *Console) myConnections(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	yes := true
	d := connectionsData{Term: strings.TrimSpace(r.URL.Query().Get("q")), Tags: map[profile.ID]string{}}
	queries := []struct {
		list identityList
		q    directory.IdentityQuery
	}{
		{identityList{Title: "Asked to connect with you"}, directory.IdentityQuery{Connected: []string{"asked"}}},
		{identityList{Title: "Connected", Empty: "You are connected with nobody yet. Search for people above."}, directory.IdentityQuery{Connected: []string{"connected"}}},
		{identityList{Title: "You asked to connect"}, directory.IdentityQuery{Connected: []string{"pending"}}},
		{identityList{Title: "You follow"}, directory.IdentityQuery{Following: &yes}},
		{identityList{Title: "Blocked or muted"}, directory.IdentityQuery{Status: []string{"blocked", "muted"}}},
	}
	if d.Term != "" {
		found, _, _, err := call.Site.Identities(r.Context(), call.Who, "", directory.IdentityQuery{Term: d.Term, Limit: 12})
		if err != nil {
			return err
		}
		for _, p := range found {
			if p.ID != call.Who.Subject {
				d.Found = append(d.Found, p)
			}
		}
	}
	for _, q := range queries {
		q.q.Limit = pageSize
		found, _, more, err := call.Site.Identities(r.Context(), call.Who, "", q.q)
		if err != nil {
			return err
		}
		q.list.Items, q.list.More = found, more
		if len(found) > 0 || q.list.Empty != "" {
			d.Lists = append(d.Lists, q.list)
		}
	}
	for _, list := range append([]identityList{{Items: d.Found}}, d.Lists...) {
		for _, p := range list.Items {
			d.Tags[p.ID] = call.Site.IDTag(&p.Subject)
		}
	}
	return c.show(w, r, call, http.StatusOK, page{Name: "connections", Title: "Connections", Section: "connections", Data: d})
}

// relate makes a move towards somebody.
func (c *Console) relate(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if err := parseForm(r); err != nil {
		return err
	}
	if _, err := call.Site.Relate(r.Context(), call.Who, "", r.PostFormValue("tag"), directory.Move(r.PostFormValue("move"))); err != nil {
		return err
	}
	to := "/console/me/connections"
	if q := r.PostFormValue("q"); q != "" {
		to += "?q=" + escape(q)
	}
	return redirect(w, r, to)
}

// myRolesData is what one is on which profiles, and what those have.
type myRolesData struct {
	Roles         directory.RoleList
	Subscriptions directory.ProvidedList
}

func (c *Console) myRoles(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	p, err := call.Site.Self(r.Context(), call.Who)
	if err != nil {
		return err
	}
	var d myRolesData
	if err := call.Site.OfferRoles(r.Context(), call.Who, p.Slug); err != nil {
		return err
	}
	if d.Roles, err = call.Site.Accessibles(r.Context(), call.Who, p.Slug, directory.RoleQuery{Window: window(r, "")}); err != nil {
		return err
	}
	if d.Subscriptions, err = call.Site.Subscriptions(r.Context(), call.Who, p.Slug, directory.ProvidedQuery{Window: window(r, "subscriptions-")}); err != nil && missing(err) != nil && !profile.IsKind(err, profile.Forbidden) {
		return err
	}
	return c.show(w, r, call, http.StatusOK, page{Name: "memberships", Title: "Roles and subscriptions", Section: "roles", Data: d})
}

// answerRole accepts an invitation to a role or a subscription, or leaves a
// profile.
func (c *Console) answerRole(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if err := parseForm(r); err != nil {
		return err
	}
	p, err := call.Site.Self(r.Context(), call.Who)
	if err != nil {
		return err
	}
	switch r.PostFormValue("do") {
	case "accept":
		_, err = call.Site.AcceptRole(r.Context(), call.Who, p.Slug, r.PostFormValue("key"))
	case "leave":
		err = call.Site.LeaveProfile(r.Context(), call.Who, p.Slug, r.PostFormValue("role"), r.PostFormValue("profile"))
	case "subscribe":
		_, err = call.Site.AcceptGrant(r.Context(), call.Who, p.Slug, r.PostFormValue("key"))
	default:
		err = profile.E(profile.Invalid, profile.CodeChoice, "do", "there is no such answer")
	}
	if err != nil {
		return err
	}
	return redirect(w, r, "/console/me/roles")
}

// quoted is a text as JSON.
func quoted(text string) string {
	b, _ := json.Marshal(text) // a string: it cannot fail
	return string(b)
}
