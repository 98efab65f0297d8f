package schema

import (
	"bytes"
	"encoding/json"
	"slices"

	"facet/internal/profile"
)

// TypeDef is the definition of an entity type: all that is kept of it, and all
// that CompileDef needs.
type TypeDef struct {
	Name       string           `json:"name"`
	AttrDefs   []AttrDef        `json:"attr_defs"`            // without the reserved ones
	Properties []Property       `json:"properties,omitempty"` // in the order they were added
	Access     []AccessSchema   `json:"access,omitempty"`
	Password   PasswordSettings `json:"password,omitzero"`
}

// PasswordSettings is what entityType.setPasswordSettings sets.
type PasswordSettings struct {
	// HistorySize is how many of a record's last passwords, the present one
	// among them, a new one must differ from: 0 to MaxPasswordHistory.
	HistorySize int `json:"historySize"`
}

// MaxPasswordHistory is the most passwords that a type remembers (Identity
// Cloud, "Manage password history settings").
const MaxPasswordHistory = 10

// Limits of a definition, beside those of its attributes.
const (
	maxProperties = 200
	maxAccess     = 2000 // access schemas, of all clients together
)

// ParseTypeDef reads a definition as Append writes it. Members it does not
// know are ignored, so that what a later release stored can be read. Errors are
// those of CheckJSON, and Invalid for what has the wrong form.
func ParseTypeDef(b []byte) (TypeDef, error) {
	var d TypeDef
	if err := CheckJSON(b, MaxDocumentDepth); err != nil {
		return TypeDef{}, err
	}
	if err := json.Unmarshal(b, &d); err != nil {
		e := *profile.AsError(err)
		if e.Kind == profile.Internal {
			e = profile.Error{Kind: profile.Invalid, Code: profile.CodeType, Message: "not the definition of an entity type", Err: err}
		}
		return TypeDef{}, &e
	}
	return d, nil
}

// Append appends the definition as compact JSON, texts and numbers letter by
// letter as they were given.
func (d *TypeDef) Append(dst []byte) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d); err != nil {
		panic("schema: encoding a definition: " + err.Error()) // its parts were parsed by us
	}
	return append(dst, bytes.TrimRight(b.Bytes(), "\n")...)
}

// Clone gives a copy that can be changed without changing d.
func (d *TypeDef) Clone() TypeDef {
	c := *d
	c.AttrDefs = cloneDefs(d.AttrDefs)
	c.Properties = slices.Clone(d.Properties)
	for i := range c.Properties {
		c.Properties[i].Attributes = slices.Clone(c.Properties[i].Attributes)
	}
	c.Access = slices.Clone(d.Access)
	for i := range c.Access {
		c.Access[i].Attributes = slices.Clone(c.Access[i].Attributes)
	}
	return c
}

func cloneDefs(defs []AttrDef) []AttrDef {
	out := slices.Clone(defs)
	for i := range out {
		out[i].Constraints = slices.Clone(out[i].Constraints)
		out[i].Features = slices.Clone(out[i].Features)
		out[i].AttrDefs = cloneDefs(out[i].AttrDefs)
	}
	return out
}

// Forget takes an attribute that is to be removed, and all below it, out of the
// properties and access schemas. A property that is about nothing else, or that
// makes several attributes unique together, goes.
func (d *TypeDef) Forget(path string) {
	d.rewrite(func(attributes []string) []string {
		return slices.DeleteFunc(attributes, func(a string) bool { return within(a, path) })
	})
}

// Rename lets the properties and access schemas follow an attribute that is to
// be renamed; the paths are dotted.
func (d *TypeDef) Rename(from, to string) {
	d.rewrite(func(attributes []string) []string {
		for i, a := range attributes {
			if within(a, from) {
				attributes[i] = to + dotted(a)[len(from):]
			}
		}
		return attributes
	})
}

func (d *TypeDef) rewrite(attributes func([]string) []string) {
	kept := d.Properties[:0]
	for _, p := range d.Properties {
		before := len(p.Attributes)
		p.Attributes = attributes(p.Attributes)
		if len(p.Attributes) == before || p.Kind == RuleProperty && len(p.Attributes) > 0 {
			kept = append(kept, p)
		}
	}
	d.Properties = kept
	for i := range d.Access {
		d.Access[i].Attributes = attributes(d.Access[i].Attributes)
	}
}

// within tells whether an attribute, as it was given, is at a dotted path or
// below it.
func within(attribute, path string) bool {
	a := dotted(attribute)
	return a == path || len(a) > len(path) && a[:len(path)] == path && a[len(path)] == '.'
}

func dotted(attribute string) string {
	p, err := ParsePath(attribute)
	if err != nil {
		return attribute
	}
	return p.Dotted()
}

// CompileDef checks a definition and builds the type. Errors are those of
// Compile; for properties Invalid with Field "definition" or "attributes", or
// Unknown/CodeUnknownAttribute for an attribute that they or an access schema
// name and the type does not have.
func CompileDef(d TypeDef) (*Type, error) {
	t, err := compileAttributes(d.Name, d.AttrDefs)
	if err != nil {
		return nil, err
	}
	if n := d.Password.HistorySize; n < 0 || n > MaxPasswordHistory {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "settings", "historySize must be an integer from 0 to %d", MaxPasswordHistory)
	}
	t.def = d.Clone()
	if err := t.compileProperties(); err != nil {
		return nil, err
	}
	return t, t.compileAccess()
}

// Definition gives what the type was compiled from. It is shared: Clone it
// before changing it.
func (t *Type) Definition() *TypeDef { return &t.def }
