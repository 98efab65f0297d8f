package schema

import (
	"encoding/json"
	"slices"
	"strings"

	"facet/internal/profile"
)

// The kinds of property.
const (
	RuleProperty   = "rule"
	UniqueProperty = "unique"
)

// Property is a rule over attributes, or several attributes that are unique
// together, in the JSON shape that entityType.properties lists (Identity Cloud
// Entity Type API).
type Property struct {
	UUID        profile.ID      `json:"uuid"`
	Kind        string          `json:"property"`              // "rule" or "unique"
	Attributes  []string        `json:"attributes"`            // paths, as they were given
	Definition  json.RawMessage `json:"definition,omitempty"`  // of a rule
	Description string          `json:"description,omitempty"` // what people are told
}

// Tidy checks that the definition is JSON and takes the blanks out of it: Invalid
// with Field "definition".
func (p *Property) Tidy() error {
	if p.Definition == nil {
		return nil
	}
	if err := CheckJSON(p.Definition, MaxDocumentDepth); err != nil {
		return badRule("the JSON is not syntactically valid")
	}
	p.Definition = Compact(nil, p.Definition)
	return nil
}

// Limits of a property.
const (
	maxUniqueTogether = 10
	maxDescription    = 1000 // bytes
)

// together is a set of attributes that are unique as one.
type together struct {
	path  string // the dotted paths, joined by ","
	attrs []*Attribute
}

func (t *Type) compileProperties() error {
	if len(t.def.Properties) > maxProperties {
		return profile.E(profile.Invalid, profile.CodeInvalid, "attributes", "an entity type has at most %d rules and properties", maxProperties)
	}
	for i := range t.def.Properties {
		p := &t.def.Properties[i]
		attrs, err := t.propertyAttributes(p)
		if err != nil {
			return err
		}
		switch p.Kind {
		case RuleProperty:
			err = t.addRule(p, attrs)
		case UniqueProperty:
			err = t.addTogether(p, attrs)
		default:
			err = profile.E(profile.Invalid, profile.CodeInvalid, "property", "a property is of the type %q or %q", RuleProperty, UniqueProperty)
		}
		if err != nil {
			return err
		}
	}
	t.markRuled(t.root)
	return nil
}

// propertyAttributes finds the attributes of a property.
func (t *Type) propertyAttributes(p *Property) ([]*Attribute, error) {
	bad := func(format string, args ...any) error {
		return profile.E(profile.Invalid, profile.CodeInvalid, "attributes", format, args...)
	}
	if len(p.Attributes) == 0 {
		return nil, bad("at least one attribute must be named")
	}
	if len(p.Description) > maxDescription {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "description", "it has at most %d bytes", maxDescription)
	}
	var attrs []*Attribute
	for _, name := range p.Attributes {
		path, err := ParsePath(name)
		if err != nil {
			return nil, err
		}
		a, err := t.Attr(path)
		switch {
		case err != nil:
			return nil, err
		case hasElement(path):
			return nil, bad("%s names one element of a plural", path)
		case a.Reserved:
			return nil, reservedAttribute(a.Path)
		case slices.Contains(attrs, a):
			return nil, bad("%s is named twice", slash(a.Path))
		}
		attrs = append(attrs, a)
	}
	return attrs, nil
}

func hasElement(p Path) bool {
	return slices.ContainsFunc(p, func(s Step) bool { return s.ID != 0 })
}

func (t *Type) addTogether(p *Property, attrs []*Attribute) error {
	bad := func(format string, args ...any) error {
		return profile.E(profile.Invalid, profile.CodeInvalid, "attributes", format, args...)
	}
	if len(attrs) > maxUniqueTogether {
		return bad("at most %d attributes can be unique together", maxUniqueTogether)
	}
	if p.Definition != nil {
		return profile.E(profile.Invalid, profile.CodeInvalid, "definition", "a unique property has no definition")
	}
	paths := make([]string, len(attrs))
	for i, a := range attrs {
		if !a.IsScalar() || a.Type == JSON || a.InPlural {
			return bad("%s cannot be part of what is unique", slash(a.Path))
		}
		paths[i] = a.Path
	}
	u := together{strings.Join(paths, ","), attrs}
	if len(attrs) == 1 {
		return bad("one attribute is made unique by its constraints")
	}
	for _, other := range t.together {
		if other.path == u.path {
			return bad("these attributes are unique together already")
		}
	}
	t.together = append(t.together, u)
	return nil
}

// appendKey appends the key of the values together: each with its length
// before it, so that no two lists of values have one key. It is false where any
// value is unset: null conflicts with nothing.
func (u *together) appendKey(dst, stored []byte) ([]byte, bool) {
	var key []byte
	for _, a := range u.attrs {
		found := false
		Values(stored, a.Steps, func(raw []byte) bool {
			key, found = a.AppendKey(key[:0], raw)
			return false
		})
		if !found {
			return dst, false
		}
		dst = append(appendDigits(dst, len(key), 8), key...)
	}
	return dst, true
}
