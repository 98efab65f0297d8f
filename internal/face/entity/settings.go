package entity

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// The operations on settings differ in whose they are about: a client's own, the
// site's defaults, or a client's laid over the defaults.
type scope uint8

const (
	overlaid scope = iota
	ofClient
	ofSite
)

// settings reads the settings of a scope; for_client_id names the client.
func settings(r *http.Request, c *face.Call, of scope) (all map[string]string, err error) {
	client := c.Form.(*form).text("for_client_id")
	if of == overlaid {
		all, err = c.Site.AllSettings(r.Context(), c.Who, client)
	} else {
		all, err = c.Site.Settings(r.Context(), c.Who, directory.SettingsAt{Default: of == ofSite, Client: client})
	}
	return all, argumentError(err, "for_client_id")
}

// getSetting is settings/get and settings/get_default: the value of a key, null
// when it is not set.
func getSetting(of scope) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		key, err := c.Form.(*form).needText("key")
		if err != nil {
			return err
		}
		all, err := settings(r, c, of)
		if err != nil {
			return err
		}
		return sendResult(w, func(dst []byte) ([]byte, error) { return appendSetting(dst, all, key), nil })
	}
}

func appendSetting(dst []byte, all map[string]string, key string) []byte {
	if v, ok := all[key]; ok {
		return schema.AppendString(dst, v)
	}
	return append(dst, "null"...)
}

// getSettings is settings/get_multi: the values of keys, by key.
func getSettings(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	keys, ok, err := c.Form.(*form).list("keys")
	if err != nil {
		return err
	}
	if !ok {
		return missingArgument("keys")
	}
	all, err := settings(r, c, overlaid)
	if err != nil {
		return err
	}
	slices.Sort(keys)
	return sendResult(w, func(dst []byte) ([]byte, error) {
		return appendObject(dst, slices.Compact(keys), func(dst []byte, key string) []byte { return appendSetting(dst, all, key) }), nil
	})
}

// settingItems is settings/items and its siblings: every key and value.
func settingItems(of scope) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		all, err := settings(r, c, of)
		if err != nil {
			return err
		}
		return sendResult(w, func(dst []byte) ([]byte, error) {
			return appendObject(dst, slices.Sorted(maps.Keys(all)), func(dst []byte, key string) []byte { return appendSetting(dst, all, key) }), nil
		})
	}
}

// settingKeys is settings/keys and its siblings: every key.
func settingKeys(of scope) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		all, err := settings(r, c, of)
		if err != nil {
			return err
		}
		return sendResult(w, func(dst []byte) ([]byte, error) { return appendStrings(dst, slices.Sorted(maps.Keys(all))), nil })
	}
}

// setSetting is settings/set and settings/set_default: true when the key was
// there before.
func setSetting(of scope) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		f := c.Form.(*form)
		value, err := f.need("value")
		if err != nil {
			return err
		}
		return changeSetting(w, r, c, of, &value)
	}
}

// deleteSetting is settings/delete and settings/delete_default: true when the
// key was there.
func deleteSetting(of scope) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		return changeSetting(w, r, c, of, nil)
	}
}

func changeSetting(w http.ResponseWriter, r *http.Request, c *face.Call, of scope, value *string) error {
	f := c.Form.(*form)
	key, err := f.needText("key")
	if err != nil {
		return err
	}
	at := directory.SettingsAt{Default: of == ofSite, Client: f.text("for_client_id")}
	existed, err := c.Site.ChangeSettings(r.Context(), c.Who, at, map[string]*string{key: value})
	if err != nil {
		return argumentError(err, "for_client_id", "key", "value")
	}
	return sendResult(w, func(dst []byte) ([]byte, error) { return strconv.AppendBool(dst, existed[key]), nil })
}

// setSettings is settings/set_multi and settings/set_default_multi: of each key
// whether it was there before.
func setSettings(of scope) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		f := c.Form.(*form)
		set, err := readItems(f)
		if err != nil {
			return err
		}
		at := directory.SettingsAt{Default: of == ofSite, Client: f.text("for_client_id")}
		existed, err := c.Site.ChangeSettings(r.Context(), c.Who, at, set)
		if err != nil {
			return itemsError(argumentError(err, "for_client_id", "key", "value"))
		}
		return sendResult(w, func(dst []byte) ([]byte, error) {
			return appendObject(dst, slices.Sorted(maps.Keys(existed)), func(dst []byte, key string) []byte { return strconv.AppendBool(dst, existed[key]) }), nil
		})
	}
}

// itemsError names the argument that the keys and values came in.
func itemsError(err error) error {
	e := profile.AsError(err)
	if e.Code != codeArgument || e.Field == "for_client_id" {
		return err
	}
	named := *e
	named.Field = "items"
	return &named
}

// readItems reads the argument items, a JSON object. Values are kept as texts:
// what is no string as its JSON.
func readItems(f *form) (map[string]*string, error) {
	const name = "items"
	raw, err := f.needText(name)
	if err != nil {
		return nil, err
	}
	if err := schema.CheckJSON([]byte(raw), face.MaxDepth); err != nil {
		return nil, documentError(err, name)
	}
	var items map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &items); err != nil || items == nil {
		return nil, badArgument(name, "it must be a JSON object")
	}
	set := make(map[string]*string, len(items))
	for key, v := range items {
		text, ok := schema.Text(v)
		switch {
		case string(v) == "null":
			return nil, badArgument(name, "a value may not be null")
		case !ok:
			text = string(schema.Compact(nil, v))
		}
		set[key] = &text
	}
	return set, nil
}
