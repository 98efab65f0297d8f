package entity

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"facet/internal/face"
	"facet/internal/schema"
)

// schemaTarget is which access schema a call is about.
type schemaTarget struct {
	typeName, client string
	kind             schema.AccessType
}

// readSchemaTarget reads type_name, access_type, and for_client_id, which is
// the caller where it is left out.
func readSchemaTarget(f *form) (t schemaTarget, err error) {
	if t.typeName, err = f.needText("type_name"); err != nil {
		return t, err
	}
	kind, err := f.needText("access_type")
	if err != nil {
		return t, err
	}
	for _, known := range schema.AccessTypes {
		if string(known) == kind {
			t.kind = known
		}
	}
	if t.kind == "" {
		return t, badArgument("access_type", "it must be read, write, read_with_token or write_with_token")
	}
	t.client = f.text("for_client_id")
	return t, nil
}

// getAccessSchema is entityType.getAccessSchema:
// {"schema":{"attr_defs":[…]},"stat":"ok"}.
func getAccessSchema(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	t, err := readSchemaTarget(c.Form.(*form))
	if err != nil {
		return err
	}
	typ, err := c.Site.AccessSchema(r.Context(), c.Who, t.typeName, t.client, t.kind)
	if err != nil {
		return argumentError(err, "for_client_id", "access_type")
	}
	sendAccessSchema(w, typ)
	return nil
}

// setAccessSchema is entityType.setAccessSchema; it answers the new schema.
func setAccessSchema(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	t, err := readSchemaTarget(f)
	if err != nil {
		return err
	}
	attributes, some, err := f.list("attributes")
	if err != nil {
		return err
	}
	if !some {
		return missingArgument("attributes")
	}
	typ, err := c.Site.SetAccessSchema(r.Context(), c.Who, t.typeName, t.client, t.kind, attributes)
	if err != nil {
		return argumentError(err, "for_client_id", "access_type", "attributes")
	}
	sendAccessSchema(w, typ)
	return nil
}

func sendAccessSchema(w http.ResponseWriter, typ *schema.Type) {
	p := takeBuffer()
	defer giveBuffer(p)
	*p = append(schema.AppendDefs(append(*p, `{"schema":{"attr_defs":`...), typ.AllDefs()), `},"stat":"ok"}`...)
	send(w, *p)
}

// deleteAccessSchema is entityType.deleteAccessSchema.
func deleteAccessSchema(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	t, err := readSchemaTarget(c.Form.(*form))
	if err != nil {
		return err
	}
	if err := c.Site.DeleteAccessSchema(r.Context(), c.Who, t.typeName, t.client, t.kind); err != nil {
		return argumentError(err, "for_client_id", "access_type")
	}
	send(w, okBody)
	return nil
}

// setPasswordSettings is entityType.setPasswordSettings:
// {"settings":{"historySize":7},"stat":"ok"} (Identity Cloud, "Manage password
// history settings").
func setPasswordSettings(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName, err := f.needText("type_name")
	if err != nil {
		return err
	}
	settings, err := readPasswordSettings(f)
	if err != nil {
		return err
	}
	if err := c.Site.SetPasswordSettings(r.Context(), c.Who, typeName, settings); err != nil {
		return argumentError(err, "settings")
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := strconv.AppendInt(append(*p, `{"settings":{"historySize":`...), int64(settings.HistorySize), 10)
	*p = append(b, `},"stat":"ok"}`...)
	send(w, *p)
	return nil
}

// readPasswordSettings reads the argument settings: {"historySize":0…10}.
func readPasswordSettings(f *form) (out schema.PasswordSettings, err error) {
	text, err := f.needText("settings")
	if err != nil {
		return out, err
	}
	if err := schema.CheckJSON([]byte(text), schema.MaxDocumentDepth); err != nil {
		return out, badArgument("settings", syntaxText)
	}
	var in struct {
		HistorySize *int `json:"historySize"`
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || in.HistorySize == nil || *in.HistorySize < 0 || *in.HistorySize > schema.MaxPasswordHistory {
		return out, badArgument("settings", `it must be {"historySize":n}, n an integer from 0 to %d`, schema.MaxPasswordHistory)
	}
	out.HistorySize = *in.HistorySize
	return out, nil
}
