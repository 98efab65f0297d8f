package entity

import (
	"encoding/json"
	"net/http"
	"strings"

	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// rules is entityType.rules: {"results":[{…}],"stat":"ok"}.
func rules(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return sendProperties(w, r, c, schema.RuleProperty)
}

// properties is entityType.properties: rules, and what is unique together.
func properties(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return sendProperties(w, r, c, "")
}

func sendProperties(w http.ResponseWriter, r *http.Request, c *face.Call, kind string) error {
	typeName, err := c.Form.(*form).needText("type_name")
	if err != nil {
		return err
	}
	list, err := c.Site.TypeProperties(r.Context(), c.Who, typeName, kind)
	if err != nil {
		return err
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := append(*p, `{"results":[`...)
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendProperty(b, &list[i])
	}
	*p = append(b, `],"stat":"ok"}`...)
	send(w, *p)
	return nil
}

// appendProperty appends a property as the API lists it.
func appendProperty(b []byte, p *schema.Property) []byte {
	b = append(b, `{"attributes":[`...)
	for i, a := range p.Attributes {
		if i > 0 {
			b = append(b, ',')
		}
		b = schema.AppendString(b, a)
	}
	b = append(b, ']')
	if p.Definition != nil {
		b = append(append(b, `,"definition":`...), p.Definition...)
	}
	if p.Description != "" {
		b = schema.AppendString(append(b, `,"description":`...), p.Description)
	}
	b = schema.AppendString(append(b, `,"property":`...), p.Kind)
	return append(append(append(b, `,"uuid":"`...), p.UUID.String()...), `"}`...)
}

// addRule is entityType.addRule: {"result":{…},"stat":"ok"}.
func addRule(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName, err := f.needText("type_name")
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
	definition, err := f.needText("definition")
	if err != nil {
		return err
	}
	return addProperty(w, r, c, typeName, schema.Property{
		Kind: schema.RuleProperty, Attributes: attributes, Definition: json.RawMessage(definition), Description: f.text("description"),
	})
}

// addOne is entityType.addProperty: a rule, or attributes that are unique
// together.
func addOne(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName, err := f.needText("type_name")
	if err != nil {
		return err
	}
	text, err := f.needText("property")
	if err != nil {
		return err
	}
	p, err := readProperty([]byte(text))
	if err != nil {
		return err
	}
	return addProperty(w, r, c, typeName, p)
}

// readProperty reads the argument property. Its kind is called type where it is
// sent, and property where it is listed.
func readProperty(text []byte) (schema.Property, error) {
	if err := schema.CheckJSON(text, schema.MaxDocumentDepth); err != nil {
		return schema.Property{}, badArgument("property", syntaxText)
	}
	var in struct {
		Type        string          `json:"type"`
		Property    string          `json:"property"`
		Attributes  []string        `json:"attributes"`
		Definition  json.RawMessage `json:"definition"`
		Description string          `json:"description"`
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return schema.Property{}, badArgument("property", "it must be an object of attributes, type, definition and description")
	}
	if in.Type == "" {
		in.Type = in.Property
	}
	if in.Property != "" && in.Property != in.Type {
		return schema.Property{}, badArgument("property", "type and property say different things")
	}
	return schema.Property{Kind: in.Type, Attributes: in.Attributes, Definition: in.Definition, Description: in.Description}, nil
}

func addProperty(w http.ResponseWriter, r *http.Request, c *face.Call, typeName string, p schema.Property) error {
	added, err := c.Site.AddTypeProperty(r.Context(), c.Who, typeName, p)
	if err != nil {
		return argumentError(err, "attributes", "definition", "description", "property")
	}
	return sendResult(w, func(dst []byte) ([]byte, error) { return appendProperty(dst, &added), nil })
}

// removeRule is entityType.removeRule, removeOne entityType.removeProperty.
func removeRule(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return removeProperty(w, r, c, schema.RuleProperty)
}

func removeOne(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return removeProperty(w, r, c, "")
}

func removeProperty(w http.ResponseWriter, r *http.Request, c *face.Call, kind string) error {
	f := c.Form.(*form)
	typeName, err := f.needText("type_name")
	if err != nil {
		return err
	}
	text, err := f.needText("uuid")
	if err != nil {
		return err
	}
	id, err := profile.ParseID(text)
	if err != nil {
		return badArgument("uuid", "invalid uuid")
	}
	if err := c.Site.RemoveTypeProperty(r.Context(), c.Who, typeName, kind, id); err != nil {
		return err
	}
	send(w, okBody)
	return nil
}
