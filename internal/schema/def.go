package schema

import (
	"strconv"

	"facet/internal/profile"
)

// AttrDef defines one attribute, in the JSON shape of the Entity Type API's
// attr_def.
type AttrDef struct {
	Name          string
	Type          string
	Description   string
	Length        *int     // characters; strings only; nil = unlimited
	CaseSensitive *bool    // strings only; nil = true
	Constraints   []string // "required", "unique", …
	Features      []string // "query", "primary-key"
	AttrDefs      []AttrDef
}

// The reserved attributes of every entity type, spelled as its servers spell
// them, and of every element of a plural.
var reservedDefs = []AttrDef{
	{Name: "id", Type: "id", Description: "simple identifier for this entity"},
	{Name: "uuid", Type: "uuid", Description: "globally unique indentifier for this entity"},
	{Name: "created", Type: "dateTime", Description: "when this entity was created"},
	{Name: "lastUpdated", Type: "dateTime", Description: "when this entity was last updated"},
}

// MarshalJSON gives the attr_def: length and case-sensitive for strings only,
// empty lists left out.
func (d AttrDef) MarshalJSON() ([]byte, error) { return d.append(nil), nil }

func (d *AttrDef) append(dst []byte) []byte {
	dst = AppendString(append(dst, `{"name":`...), d.Name)
	if d.Description != "" {
		dst = AppendString(append(dst, `,"description":`...), d.Description)
	}
	dst = AppendString(append(dst, `,"type":`...), d.Type)
	if d.Type == "string" {
		dst = append(dst, `,"length":`...)
		if d.Length != nil {
			dst = strconv.AppendInt(dst, int64(*d.Length), 10)
		} else {
			dst = append(dst, "null"...)
		}
		dst = strconv.AppendBool(append(dst, `,"case-sensitive":`...), d.CaseSensitive == nil || *d.CaseSensitive)
	}
	list := func(key string, words []string) {
		if len(words) == 0 {
			return
		}
		dst = append(append(append(dst, `,"`...), key...), `":`...)
		for i, w := range words {
			sep := byte(',')
			if i == 0 {
				sep = '['
			}
			dst = AppendString(append(dst, sep), w)
		}
		dst = append(dst, ']')
	}
	list("constraints", d.Constraints)
	list("features", d.Features)
	if d.Type == "object" || d.Type == "plural" {
		dst = AppendDefs(append(dst, `,"attr_defs":`...), d.AttrDefs)
	}
	return append(dst, '}')
}

// IsPassword reports whether the attribute is a password.
func (d *AttrDef) IsPassword() bool {
	typ, ok := parseType(d.Type)
	return ok && typ == Password
}

// AppendDefs appends definitions as a JSON array of attr_def objects.
func AppendDefs(dst []byte, defs []AttrDef) []byte {
	dst = append(dst, '[')
	for i := range defs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = defs[i].append(dst)
	}
	return append(dst, ']')
}

// UnmarshalJSON reads an attr_def. Members it does not know are ignored;
// a member of the wrong JSON type is Invalid/CodeType.
func (d *AttrDef) UnmarshalJSON(b []byte) error {
	if err := CheckJSON(b, MaxDocumentDepth); err != nil {
		return err
	}
	return d.read(b[SkipSpace(b, 0):])
}

// ParseDefs reads a JSON array of attr_def objects.
func ParseDefs(b []byte) ([]AttrDef, error) {
	if err := CheckJSON(b, MaxDocumentDepth); err != nil {
		return nil, err
	}
	return readDefs(b[SkipSpace(b, 0):])
}

func readDefs(b []byte) ([]AttrDef, error) {
	if b[0] != '[' {
		return nil, profile.E(profile.Invalid, profile.CodeType, "attr_defs", "attr_defs must be an array")
	}
	var defs []AttrDef
	for c := enter(b, 0); ; {
		el, ok := c.element()
		if !ok {
			return defs, nil
		}
		var d AttrDef
		if err := d.read(el); err != nil {
			return nil, err
		}
		defs = append(defs, d)
	}
}

func (d *AttrDef) read(b []byte) error {
	if b[0] != '{' {
		return profile.E(profile.Invalid, profile.CodeType, "attr_def", "an attribute definition must be an object")
	}
	*d = AttrDef{}
	for c := enter(b, 0); ; {
		raw, val, more := c.member()
		if !more {
			return nil
		}
		if string(val) == "null" {
			continue
		}
		ok := true
		var err error
		name := string(unescape(nil, raw))
		switch name {
		case "name":
			d.Name, ok = Text(val)
		case "type":
			d.Type, ok = Text(val)
		case "description":
			d.Description, ok = Text(val)
		case "length":
			var n int
			n, err = strconv.Atoi(string(val))
			d.Length, ok, err = &n, err == nil, nil
		case "case-sensitive":
			yes := val[0] == 't'
			d.CaseSensitive, ok = &yes, yes || val[0] == 'f'
		case "constraints":
			d.Constraints, ok = ParseStrings(val)
		case "features":
			d.Features, ok = ParseStrings(val)
		case "attr_defs":
			d.AttrDefs, err = readDefs(val)
		}
		if err != nil {
			return err
		}
		if !ok {
			return profile.E(profile.Invalid, profile.CodeType, name, "%s has the wrong JSON type in an attribute definition", name)
		}
	}
}

// ParseStrings reads a checked JSON array of strings; false if it is none.
func ParseStrings(b []byte) ([]string, bool) {
	i := SkipSpace(b, 0)
	if i >= len(b) || b[i] != '[' {
		return nil, false
	}
	out := []string{}
	for c := enter(b, i); ; {
		el, more := c.element()
		if !more {
			return out, true
		}
		s, ok := Text(el)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
}

// Defs gives the type's own definitions in byte order of their names; Compile
// makes the same type of them.
func (t *Type) Defs() []AttrDef { return defsOf(t.root, false) }

// AllDefs gives the definitions with the reserved attributes, which come first
// at every level, as entityType answers them.
func (t *Type) AllDefs() []AttrDef { return defsOf(t.root, true) }

func defsOf(a *Attribute, reserved bool) []AttrDef {
	defs := make([]AttrDef, 0, len(a.Children))
	if reserved && a.Path == "" {
		for _, r := range reservedDefs {
			if a.byName[r.Name] != nil {
				defs = append(defs, r)
			}
		}
	}
	if id := a.byName["id"]; reserved && a.Path != "" && id != nil {
		defs = append(defs, id.def(reserved))
	}
	for _, c := range a.Children {
		if !c.Reserved {
			defs = append(defs, c.def(reserved))
		}
	}
	return defs
}

// Def gives the attribute's definition, reserved attributes of plurals included.
func (a *Attribute) Def() AttrDef { return a.def(true) }

func (a *Attribute) def(reserved bool) AttrDef {
	d := AttrDef{Name: a.Name, Type: a.TypeName, Description: a.Description}
	if a.Type == String {
		d.CaseSensitive = new(a.CaseSensitive) // copies: the attribute is shared
		if a.Length > 0 {
			d.Length = new(a.Length)
		}
	}
	for i, name := range constraintNames {
		if a.Has(1 << i) {
			d.Constraints = append(d.Constraints, name)
		}
	}
	for i, name := range featureNames {
		if a.Features&(1<<i) != 0 {
			d.Features = append(d.Features, name)
		}
	}
	if a.Type == Object || a.Type == Plural {
		d.AttrDefs = defsOf(a, reserved)
	}
	return d
}
