package cloudillo

import (
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// administration is what PATCH /api/admin/profiles/{idTag} changes; nil, and ""
// for the status, leave a thing as it is.
type administration struct {
	name   *string
	status string // the word
	roles  []string
	owner  bool
}

// updateProfile changes the profiles of others (PATCH
// /api/admin/profiles/{idTag}): on the host of a community what people are in
// it, by who leads or moderates it; elsewhere anybody's account, by operators.
func updateProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	community, err := c.Site.MayAdminister(r.Context(), c.Who, c.Identity)
	if err != nil {
		return err
	}
	in, err := readAdministration(w, r)
	if err != nil {
		return err
	}
	if community {
		return updateMember(w, r, c, in)
	}
	return updateAccount(w, r, c, in)
}

func readAdministration(w http.ResponseWriter, r *http.Request) (out administration, err error) {
	var in struct {
		Name   jsontext.Value `json:"name"`
		Status jsontext.Value `json:"status"`
		Roles  jsontext.Value `json:"roles"`
		Owner  jsontext.Value `json:"owner"`
	}
	if err := read(w, r, &in); err != nil {
		return out, err
	}
	if in.Name != nil {
		text, ok := schema.Text(in.Name)
		if !ok {
			return out, invalid("name", "name is not a text")
		}
		out.name = &text
	}
	if in.Status != nil {
		text, _ := schema.Text(in.Status)
		if in.Status.Kind() == 'n' { // null clears
			text = "active"
		}
		if out.status, _ = wordOf(text); out.status == "" {
			return out, invalid("status", "unknown status")
		}
	}
	if in.Roles != nil {
		if err := json.Unmarshal(in.Roles, &out.roles); err != nil {
			return out, profile.E(profile.Invalid, profile.CodeType, "roles", "roles is not a list of texts")
		}
		if out.roles == nil { // null clears
			out.roles = []string{}
		}
	}
	if in.Owner != nil && in.Owner.Kind() != 't' {
		return out, invalid("owner", "owner is true for who is to own the community")
	}
	out.owner = in.Owner != nil
	return out, nil
}

// updateAccount changes an account. Who is suspended or banned is signed out
// and cannot sign in.
func updateAccount(w http.ResponseWriter, r *http.Request, c *face.Call, in administration) error {
	edit := directory.AdminEdit{Name: in.name, Roles: in.roles}
	if in.status != "" {
		i := slices.IndexFunc(accountStates, func(a accountState) bool { return a.word == in.status })
		if i < 0 {
			return invalid("status", "the status of an account is active, suspended or banned")
		}
		edit.State = &accountStates[i].state
	}
	if in.owner {
		return invalid("owner", "communities are given away at their own hosts")
	}
	p, err := c.Site.EditIdentity(r.Context(), c.Who, r.PathValue("idTag"), edit)
	if err != nil {
		return err
	}
	word := accountStates[slices.IndexFunc(accountStates, func(a accountState) bool { return a.state == p.State })].word
	who, roles := identityOf(c.Site, &p), rolesOf(&p)
	return answer(w, c, http.StatusOK, administered{
		TnID: p.Number, identity: who, Status: word, Roles: roles, Profile: adminView{who, clientLetterOf(word), roles},
	})
}

type accountState struct {
	word  string
	state profile.State
}

// accountStates are the statuses of an account. Those of relationships are
// another matter: neither is shown for the other.
var accountStates = []accountState{{"active", profile.Active}, {"suspended", profile.Disabled}, {"banned", profile.Banned}}

// updateMember changes what a person is in the community of the host.
func updateMember(w http.ResponseWriter, r *http.Request, c *face.Call, in administration) error {
	if in.name != nil {
		return profile.E(profile.Forbidden, profile.CodeForbidden, "name", "people name themselves")
	}
	p, err := c.Site.EditCommunityMember(r.Context(), c.Who, c.Identity, r.PathValue("idTag"), directory.CommunityEdit{
		Roles: in.roles, Status: in.status, Owner: in.owner,
	})
	if err != nil {
		return err
	}
	who, word := identityOf(c.Site, &p.Subject), p.Held()
	var roles []string
	if p.Rank > directory.RankFollower {
		roles = []string{p.Rank.String()}
	}
	return answer(w, c, http.StatusOK, administered{
		TnID: p.Number, identity: who, Status: word, Roles: roles, Connection: p.Connection(), Owner: p.Owner,
		Profile: adminView{who, clientLetterOf(word), roles},
	})
}
