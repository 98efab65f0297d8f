package schema

import (
	"slices"
	"strings"

	"facet/internal/profile"
)

// attrs finds the list of definitions that a path's attribute stands in, and
// its own name. A path that cannot lead to an attribute is
// Unknown/CodeUnknownAttribute; one that names an element of a plural too.
func (d *TypeDef) attrs(path string) (list *[]AttrDef, name, dottedPath string, err error) {
	p, err := ParsePath(path)
	if err != nil {
		return nil, "", "", err
	}
	dottedPath = p.Dotted()
	if len(p) == 0 || hasElement(p) {
		return nil, "", "", unknownAttribute(dottedPath)
	}
	list = &d.AttrDefs
	for i, step := range p[:len(p)-1] {
		at := indexOf(*list, step.Name)
		if at < 0 {
			if isReserved(step.Name, i == 0) {
				return nil, "", "", reservedAttribute(dottedPath)
			}
			return nil, "", "", unknownAttribute(p[:i+1].Dotted())
		}
		parent := &(*list)[at]
		if parent.Type != "object" && parent.Type != "plural" {
			return nil, "", "", unknownAttribute(dottedPath)
		}
		list = &parent.AttrDefs
	}
	return list, p[len(p)-1].Name, dottedPath, nil
}

func indexOf(defs []AttrDef, name string) int {
	return slices.IndexFunc(defs, func(d AttrDef) bool { return d.Name == name })
}

// Find gives the definition of an attribute, to be changed in place. Errors:
// Unknown/CodeUnknownAttribute, and CodeReservedAttribute for those that every
// type has.
func (d *TypeDef) Find(path string) (*AttrDef, error) {
	list, name, dottedPath, err := d.attrs(path)
	if err != nil {
		return nil, err
	}
	if at := indexOf(*list, name); at >= 0 {
		return &(*list)[at], nil
	}
	if isReserved(name, list == &d.AttrDefs) {
		return nil, reservedAttribute(dottedPath)
	}
	return nil, unknownAttribute(dottedPath)
}

// Add adds an attribute; its name may be a path into an object or plural. One
// that is there already is Taken/CodeAttributeExists; a name of the system's is
// CodeReservedAttribute; none at all Invalid with Field "attr_def".
func (d *TypeDef) Add(a AttrDef) error {
	if a.Name == "" {
		return profile.E(profile.Invalid, profile.CodeInvalid, "attr_def", "an attribute needs a name")
	}
	list, name, dottedPath, err := d.attrs(a.Name)
	if err != nil {
		return err
	}
	if isReserved(name, list == &d.AttrDefs) {
		return reservedAttribute(dottedPath)
	}
	if indexOf(*list, name) >= 0 {
		return attributeExists(dottedPath)
	}
	a.Name = name
	*list = append(*list, a)
	return nil
}

// Remove takes an attribute out, and whatever is about it. Errors are those of
// Find.
func (d *TypeDef) Remove(path string) (Move, error) {
	a, err := d.Find(path)
	if err != nil {
		return Move{}, err
	}
	list, _, from, _ := d.attrs(path)
	name := a.Name
	*list = slices.DeleteFunc(*list, func(a AttrDef) bool { return a.Name == name })
	d.Forget(from)
	return Move{From: from}, nil
}

// RenameAttr gives an attribute another name, in its own place: to is a name,
// or a path with the same parent. Errors are those of Find and Add; Invalid
// with Field "target_name" for another parent or the same name.
func (d *TypeDef) RenameAttr(path, to string) (Move, error) {
	a, err := d.Find(path)
	if err != nil {
		return Move{}, err
	}
	list, name, from, _ := d.attrs(path)
	parent := strings.TrimSuffix(from, name)
	p, err := ParsePath(to)
	if err != nil {
		return Move{}, err
	}
	target := p.Dotted()
	if len(p) == 1 {
		target = parent + target
	}
	if hasElement(p) || !strings.HasPrefix(target, parent) || strings.Contains(target[len(parent):], ".") || target == from || target == parent {
		return Move{}, profile.E(profile.Invalid, profile.CodeInvalid, "target_name", "it must be another name in the same place")
	}
	to = target[len(parent):]
	if isReserved(to, list == &d.AttrDefs) {
		return Move{}, reservedAttribute(target)
	}
	if indexOf(*list, to) >= 0 {
		return Move{}, attributeExists(target)
	}
	a.Name = to
	d.Rename(from, target)
	return Move{from, target}, nil
}

func attributeExists(path string) *profile.Error {
	return profile.E(profile.Taken, profile.CodeAttributeExists, path, "attribute already exists: %s", slash(path))
}
