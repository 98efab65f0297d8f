package entity

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/schema"
)

// addClient is clients/add: the new client with its secret.
func addClient(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	description, err := f.need("description")
	if err != nil {
		return err
	}
	features, _, err := f.features("features")
	if err != nil {
		return err
	}
	client, err := c.Site.CreateClient(r.Context(), c.Who, directory.NewClient{Description: description, Features: features})
	if err != nil {
		return argumentError(err, "features", "description")
	}
	p := takeBuffer()
	defer giveBuffer(p)
	*p = append(appendClient(append(*p, '{'), &client), `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}

// appendClient appends the members of a client.
func appendClient(b []byte, c *directory.Client) []byte {
	b = schema.AppendString(append(b, `"client_id":`...), c.ID)
	b = schema.AppendString(append(b, `,"client_secret":`...), c.Secret)
	b = schema.AppendString(append(b, `,"description":`...), c.Description)
	b = appendStrings(append(b, `,"features":`...), c.Features)
	return appendStrings(append(b, `,"whitelist":`...), c.Whitelist)
}

// listClients is clients/list: {"results":[…],"stat":"ok"}; has_features keeps
// those that have one of the features at least.
func listClients(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	features, some, err := c.Form.(*form).features("has_features")
	if err != nil {
		return err
	}
	list, err := c.Site.ListClients(r.Context(), c.Who, features, some)
	if err != nil {
		return argumentError(err, "has_features")
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := append(*p, `{"results":[`...)
	for i := range list {
		b = append(appendClient(append(b, '{'), &list[i]), '}', ',')
	}
	*p = append(closeList(b), `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}

// deleteClient is clients/delete.
func deleteClient(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	id := c.Form.(*form).text("client_id_for_deletion")
	if id == "" {
		return missingArgument("client_id_for_deletion")
	}
	return done(w, argumentError(c.Site.DeleteClient(r.Context(), c.Who, id), "client_id_for_deletion"))
}

// resetSecret is clients/reset_secret: {"new_secret":"…","stat":"ok"}. The
// secret before goes on working for hours_to_live.
func resetSecret(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	if _, err := f.needText("hours_to_live"); err != nil {
		return err
	}
	hours, err := f.number("hours_to_live", 0, 0, directory.MaxSecretHours)
	if err != nil {
		return err
	}
	secret, err := c.Site.ResetClientSecret(r.Context(), c.Who, f.text("for_client_id"), hours)
	if err != nil {
		return argumentError(err, "for_client_id")
	}
	sendText(w, "new_secret", secret)
	return nil
}

// setDescription is clients/set_description.
func setDescription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	text, err := f.need("description")
	if err != nil {
		return err
	}
	err = c.Site.SetClientDescription(r.Context(), c.Who, f.text("for_client_id"), text)
	return done(w, argumentError(err, "for_client_id", "description"))
}

// setFeatures is clients/set_features.
func setFeatures(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	features, ok, err := f.features("features")
	if err != nil {
		return err
	}
	if !ok {
		return missingArgument("features")
	}
	err = c.Site.SetClientFeatures(r.Context(), c.Who, f.text("for_client_id"), features)
	return done(w, argumentError(err, "for_client_id", "features"))
}

// setWhitelist is clients/set_whitelist.
func setWhitelist(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	whitelist, ok, err := f.list("whitelist")
	switch {
	case err != nil:
		return err
	case !ok:
		return missingArgument("whitelist")
	case len(whitelist) == 0:
		return badArgument("whitelist", "it has no block; clients/clear_whitelist lets everybody in")
	}
	err = c.Site.SetClientWhitelist(r.Context(), c.Who, f.text("for_client_id"), whitelist, c.From)
	return done(w, argumentError(err, "for_client_id", "whitelist"))
}

// clearWhitelist is clients/clear_whitelist.
func clearWhitelist(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	err := c.Site.SetClientWhitelist(r.Context(), c.Who, c.Form.(*form).text("for_client_id"), nil, c.From)
	return done(w, argumentError(err, "for_client_id", "whitelist"))
}

// features gives a parameter that is a JSON array of features.
func (f *form) features(name string) (features []access.Feature, ok bool, err error) {
	words, ok, err := f.list(name)
	for _, w := range words {
		features = append(features, access.Feature(w))
	}
	return features, ok, err
}
