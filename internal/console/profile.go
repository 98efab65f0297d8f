package console

import (
	"net/http"
	"strconv"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// profilePage is a page about one profile: what its head shows, and the tab.
type profilePage struct {
	viewer
	Record directory.Record
	IDTag  string
	Tab    string
	Tabs   []tab
	Self   bool
	Data   any
}

type tab struct{ Name, Title, Path string }

// tabsOf are the tabs that a profile has.
func tabsOf(rec *directory.Record, v viewer) []tab {
	at := "/console/profiles/" + rec.ID.String()
	out := []tab{{"attributes", "Attributes", at}, {"names", "Names and extras", at + "/names"}, {"roles", "Roles", at + "/roles"}, {"subscriptions", "Subscriptions", at + "/subscriptions"}}
	if rec.Type == profile.User {
		out = append(out, tab{"household", "Household", at + "/household"}, tab{"documents", "Documents", at + "/documents"})
	}
	out = append(out, tab{"connections", "Connections", at + "/connections"})
	if rec.Type == profile.User && v.Writes {
		out = append(out, tab{"sessions", "Sessions", at + "/sessions"})
	}
	return append(out, tab{"history", "History", at + "/history"}, tab{"apis", "As each API sees it", at + "/apis"})
}

// recordAt reads the profile that the path names.
func recordAt(r *http.Request, call *face.Call) (directory.Record, error) {
	id, err := profile.ParseID(r.PathValue("id"))
	if err != nil {
		return directory.Record{}, profile.E(profile.NotFound, profile.CodeNotFound, "", "no such profile")
	}
	return call.Site.Record(r.Context(), call.Who, id)
}

// showTab answers with a tab of a profile's page.
func (c *Console) showTab(w http.ResponseWriter, r *http.Request, call *face.Call, status int, rec directory.Record, name string, data any) error {
	v, err := viewerOf(r, call)
	if err != nil {
		return err
	}
	p := profilePage{viewer: v, Record: rec, IDTag: call.Site.IDTag(&rec.Subject), Tab: name, Tabs: tabsOf(&rec, v), Self: rec.ID == call.Who.Subject, Data: data}
	title := rec.FullName()
	for _, t := range p.Tabs {
		if t.Name == name && name != "attributes" {
			title += " · " + t.Title
		}
	}
	return c.show(w, r, call, status, page{Name: "profile-" + name, Title: title, Section: "profiles", Wide: true,
		Crumbs: []crumb{{"Profiles", "/console/profiles"}}, Data: p})
}

// names shows by what a profile is found, and what the faces keep beside its
// attributes.
func (c *Console) names(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	return c.showTab(w, r, call, http.StatusOK, rec, "names", map[string]any{"Extras": membersOf(rec.Extras)})
}

// missing is a list that the profile has no place for.
func missing(err error) error {
	if profile.IsKind(err, profile.NotFound) {
		return nil
	}
	return err
}

type rolesData struct {
	On     directory.RoleList // who has roles on the profile
	Of     directory.RoleList // what the profile, a person, has roles on
	Person bool
}

// window is the part of a list that an address asks for.
func window(r *http.Request, prefix string) directory.Window {
	q := r.URL.Query()
	return directory.Window{After: q.Get(prefix + "after"), Max: pageSize}
}

func (c *Console) roles(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	d := rolesData{Person: rec.Type == profile.User}
	if d.On, err = call.Site.Roles(r.Context(), call.Who, rec.Slug, directory.RoleQuery{Window: window(r, "on-"), Personal: true}); missing(err) != nil {
		return err
	}
	if d.Person {
		if d.Of, err = call.Site.Accessibles(r.Context(), call.Who, rec.Slug, directory.RoleQuery{Window: window(r, "of-")}); missing(err) != nil {
			return err
		}
	}
	return c.showTab(w, r, call, http.StatusOK, rec, "roles", d)
}

func (c *Console) subscriptions(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	list, err := call.Site.Subscriptions(r.Context(), call.Who, rec.Slug, directory.ProvidedQuery{Window: window(r, "")})
	if missing(err) != nil {
		return err
	}
	return c.showTab(w, r, call, http.StatusOK, rec, "subscriptions", list)
}

func (c *Console) household(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	if rec.Type != profile.User {
		return profile.E(profile.NotFound, profile.CodeNotFound, "", "only people have a household")
	}
	members, err := call.Site.Household(r.Context(), call.Who, strconv.FormatInt(rec.Number, 10))
	if err != nil {
		return err
	}
	return c.showTab(w, r, call, http.StatusOK, rec, "household", members)
}

// connectionList is a list of those that a profile is related to.
type connectionList struct {
	Title, Empty string
	By           directory.LookupRelation
	Items        []directory.Subject
	More         bool
}

func (c *Console) connections(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	lists := []connectionList{
		{Title: "Connected, or asked to be", Empty: "Nobody is connected with this profile, and nobody asked.", By: directory.WhoConnect},
		{Title: "Followers", Empty: "Nobody follows this profile.", By: directory.WhoFollow},
		{Title: "Follows", Empty: "This profile follows nobody.", By: directory.WhoItFollows},
	}
	for i := range lists {
		found, err := call.Site.Records(r.Context(), call.Who, directory.RecordQuery{Related: rec.Slug, By: lists[i].By}, directory.Window{Max: 12})
		if err != nil {
			return err
		}
		lists[i].Items, lists[i].More = found.Items, found.Next != ""
	}
	return c.showTab(w, r, call, http.StatusOK, rec, "connections", lists)
}

func (c *Console) sessions(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	list, err := call.Site.SessionsOf(r.Context(), call.Who, directory.UserKey{ID: rec.ID})
	if err != nil {
		return err
	}
	return c.showTab(w, r, call, http.StatusOK, rec, "sessions", list)
}

func (c *Console) endSession(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	if err := end(r, call, rec.ID); err != nil {
		return err
	}
	return redirect(w, r, "/console/profiles/"+rec.ID.String()+"/sessions")
}

// end ends the session that the path names.
func end(r *http.Request, call *face.Call, user profile.ID) error {
	id, err := profile.ParseID(r.PathValue("session"))
	if err != nil {
		return profile.E(profile.NotFound, profile.CodeNotFound, "", "no such session")
	}
	return call.Site.EndSession(r.Context(), call.Who, directory.UserKey{ID: user}, id)
}

// setState disables a profile, or lets it act again.
func (c *Console) setState(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	state := profile.State(r.PostFormValue("state"))
	if state != profile.Active && state != profile.Disabled && state != profile.Banned {
		return profile.E(profile.Invalid, profile.CodeChoice, "state", "a profile is active, disabled or banned")
	}
	if _, err := call.Site.EditIdentity(r.Context(), call.Who, call.Site.IDTag(&rec.Subject), directory.AdminEdit{State: &state}); err != nil {
		return err
	}
	return redirect(w, r, "/console/profiles/"+rec.ID.String())
}

// eraseForm asks for what was typed to erase a profile.
type eraseForm struct {
	Record directory.Subject
	Fault  string
}

func (c *Console) askErase(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	return c.showErase(w, r, call, http.StatusOK, rec.Subject, "")
}

func (c *Console) showErase(w http.ResponseWriter, r *http.Request, call *face.Call, status int, p directory.Subject, fault string) error {
	return c.show(w, r, call, status, page{Name: "erase", Title: "Erase " + p.FullName(), Section: "profiles",
		Crumbs: []crumb{{"Profiles", "/console/profiles"}, {p.FullName(), "/console/profiles/" + p.ID.String()}}, Data: eraseForm{p, fault}})
}

// erase erases a profile whose user name was typed.
func (c *Console) erase(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	if strings.TrimSpace(r.PostFormValue("confirm")) != rec.Slug {
		return c.showErase(w, r, call, http.StatusUnprocessableEntity, rec.Subject, "Type "+rec.Slug+" to erase this profile.")
	}
	if rec.Type == profile.User {
		err = call.Site.EraseUser(r.Context(), call.Who, directory.UserKey{ID: rec.ID})
	} else {
		err = call.Site.EraseProfile(r.Context(), call.Who, rec.Slug)
	}
	if profile.IsKind(err, profile.Conflict) {
		return c.showErase(w, r, call, http.StatusConflict, rec.Subject, saying(profile.AsError(err)))
	}
	if err != nil {
		return err
	}
	return redirect(w, r, "/console/profiles")
}
