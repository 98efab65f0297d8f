package cloudillo

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// The API keys of an identity: the caller's own, or on the host of a community
// those of the community.

func apiKeyOf(k directory.IdentityKey) apiKey {
	out := apiKey{KeyID: k.Number, KeyPrefix: k.Prefix, Name: k.Name, Scopes: strings.Join(k.Scopes, ","), CreatedAt: k.Created.Unix()}
	if !k.Ends.IsZero() {
		out.ExpiresAt = k.Ends.Unix()
	}
	return out
}

// keyEdit reads what is said of a key: what is absent stays, null clears.
func keyEdit(w http.ResponseWriter, r *http.Request) (edit directory.IdentityKeyEdit, err error) {
	var in struct {
		Name      jsontext.Value `json:"name"`
		Scopes    jsontext.Value `json:"scopes"`
		ExpiresAt jsontext.Value `json:"expiresAt"`
	}
	if err := read(w, r, &in); err != nil {
		return edit, err
	}
	if edit.Name, err = clearable("name", in.Name); err != nil {
		return edit, err
	}
	if edit.Scopes, err = clearable("scopes", in.Scopes); err != nil {
		return edit, err
	}
	edit.Ends, err = expiryOf(in.ExpiresAt)
	return edit, err
}

// clearable reads a text: nil where it is absent, "" where it is null.
func clearable(field string, v jsontext.Value) (*string, error) {
	if v == nil {
		return nil, nil
	}
	text := ""
	if v.Kind() != 'n' {
		var ok bool
		if text, ok = schema.Text(v); !ok {
			return nil, profile.E(profile.Invalid, profile.CodeType, field, "%s is not a text", field)
		}
	}
	return &text, nil
}

func keyNumber(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("keyId"), 10, 64)
	if err != nil {
		return 0, profile.E(profile.NotFound, profile.CodeNotFound, "", "no such API key")
	}
	return n, nil
}

// listKeys lists the keys, without what proves (GET /api/auth/api-keys).
func listKeys(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	keys, err := c.Site.IdentityKeys(r.Context(), c.Who, c.Identity)
	if err != nil {
		return err
	}
	out := make([]apiKey, len(keys))
	for i, k := range keys {
		out[i] = apiKeyOf(k)
	}
	return answer(w, c, http.StatusOK, out)
}

// addKey makes a key, and tells it this once (POST /api/auth/api-keys).
func addKey(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := keyEdit(w, r)
	if err != nil {
		return err
	}
	text, key, err := c.Site.AddIdentityKey(r.Context(), c.Who, c.Identity, in)
	if err != nil {
		return err
	}
	out := apiKeyOf(key)
	out.PlaintextKey = text
	return answer(w, c, http.StatusCreated, out)
}

// readKey shows one key (GET /api/auth/api-keys/{keyId}).
func readKey(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	n, err := keyNumber(r)
	if err != nil {
		return err
	}
	key, err := c.Site.IdentityKeyNumbered(r.Context(), c.Who, c.Identity, n)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, apiKeyOf(key))
}

// editKey changes a key (PATCH /api/auth/api-keys/{keyId}).
func editKey(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	n, err := keyNumber(r)
	if err != nil {
		return err
	}
	in, err := keyEdit(w, r)
	if err != nil {
		return err
	}
	key, err := c.Site.EditIdentityKey(r.Context(), c.Who, c.Identity, n, in)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, apiKeyOf(key))
}

// dropKey deletes a key: it stops at once (DELETE /api/auth/api-keys/{keyId}).
func dropKey(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	n, err := keyNumber(r)
	if err != nil {
		return err
	}
	if err := c.Site.DropIdentityKey(r.Context(), c.Who, c.Identity, n); err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, nil)
}
