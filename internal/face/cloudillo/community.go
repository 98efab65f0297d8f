package cloudillo

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// createCommunity makes a community that the caller owns (PUT
// /api/profiles/{idTag}).
func createCommunity(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Type       string `json:"type"`
		Name       string `json:"name"`
		ProfilePic string `json:"profilePic"`
		AppDomain  string `json:"appDomain"`
		InviteRef  string `json:"inviteRef"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if !isIdentityType(in.Type) {
		return invalid("type", "Invalid identity type")
	}
	if !isAppDomain(in.AppDomain) {
		return invalid("appDomain", "invalid app_domain")
	}
	made, err := c.Site.CreateCommunity(r.Context(), c.Who, directory.NewCommunity{
		IDTag: r.PathValue("idTag"), Hosted: in.Type == hostedType, App: in.AppDomain, Name: strings.TrimSpace(in.Name), Picture: in.ProfilePic, Invite: in.InviteRef,
		Extra: texts(extraAppDomain, strings.ToLower(in.AppDomain)),
	})
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusCreated, community{identityOf(c.Site, &made), iso(made.Created)})
}

// settingsPatch reads changes of a community's settings; null brings back what
// holds where nothing is said.
func settingsPatch(value jsontext.Value) (map[string]jsonValue, error) {
	patch := map[string]jsonValue{}
	if value.Kind() != '{' {
		return nil, profile.E(profile.Invalid, profile.CodeType, extraSettings, "settings is not an object")
	}
	if err := json.Unmarshal(value, &patch); err != nil {
		return nil, err
	}
	for key, value := range patch {
		kind := jsontext.Value(value).Kind()
		text, _ := schema.Text(value)
		ok := false
		switch key {
		case "connectionMode":
			mode := directory.ConnectionMode(text)
			ok = mode == directory.ConnectAlways || mode == directory.ConnectAsked || mode == directory.ConnectNever
		case "allowFollowers":
			ok = kind == 't' || kind == 'f'
		default:
			return nil, invalid(extraSettings, "unknown setting %q", key)
		}
		if !ok && kind != 'n' {
			return nil, invalid(extraSettings, "%s is not valid", key)
		}
	}
	return patch, nil
}
