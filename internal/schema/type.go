package schema

import (
	"slices"
	"sort"
	"strings"

	"facet/internal/profile"
)

// Limits of a schema.
const (
	MaxDepth      = 5    // steps of the longest attribute path
	MaxAttributes = 2000 // attributes of one type, children included
	maxName       = 100  // bytes of an attribute's name
)

// ValueType is the type of an attribute's values.
type ValueType uint8

// The types of attribute (Identity Cloud, "Data types"). Every "password" and
// "password-…" is Password; ID and UUID are only for reserved attributes.
const (
	String ValueType = iota
	Integer
	Decimal
	Boolean
	Date
	DateTime
	IPAddress
	JSON
	Object
	Plural
	Password
	ID
	UUID
)

var typeNames = [...]string{"string", "integer", "decimal", "boolean", "date", "dateTime", "ipAddress", "json", "object", "plural", "password", "id", "uuid"}

// String gives the published name of the type.
func (v ValueType) String() string { return typeNames[v] }

// Constraint is a set of constraints.
type Constraint uint16

// The constraints (Identity Cloud, "Constraints").
const (
	Required Constraint = 1 << iota
	Unique
	LocallyUnique // within one plural of one record
	Alphabetic
	Alphanumeric
	UnicodeLetters
	UnicodePrintable
	EmailAddress
)

var constraintNames = [...]string{"required", "unique", "locally-unique", "alphabetic", "alphanumeric", "unicode-letters", "unicode-printable", "email-address"}

const textConstraints = Alphabetic | Alphanumeric | UnicodeLetters | UnicodePrintable | EmailAddress

// Feature is a set of features.
type Feature uint8

// The features of an attribute.
const (
	Query      Feature = 1 << iota // values are indexed
	PrimaryKey                     // names the elements of a plural
)

var featureNames = [...]string{"query", "primary-key"}

// Attribute is one attribute of a compiled type. It is shared and read-only.
type Attribute struct {
	Name          string
	Path          string   // dotted, from the record: "primaryAddress.city"; "" for the record itself
	Steps         []string // Path, split
	Type          ValueType
	TypeName      string // as defined, e.g. "password-bcrypt"
	Description   string
	Length        int  // in runes; 0 = unlimited
	CaseSensitive bool // whether equality and order of strings look at case
	Constraints   Constraint
	Features      Feature
	Reserved      bool         // kept by the system, never written as a value
	InPlural      bool         // some ancestor is a plural
	Children      []*Attribute // of objects and plurals, in byte order of their names

	byName   map[string]*Attribute
	index    int    // position in the parent's Children
	key      []byte // `,"name":`
	unset    []byte // what an unset value reads as
	blank    []byte // `,"name":unset` of every child, joined
	offsets  []int  // where each child begins in blank, and the end
	special  []int  // children whose value is not in the stored text
	required []*Attribute
	rules    *rules // nil: none
	locked   bool   // not to be named in a write: an access schema leaves it out
	fills    bool   // of an object: something below is set or stays where nothing is written
	partial  bool   // something below is locked
}

// Child finds a child of an object or plural by its name; nil if there is none.
func (a *Attribute) Child(name string) *Attribute { return a.byName[name] }

// Has reports whether the attribute has all constraints of c.
func (a *Attribute) Has(c Constraint) bool { return a.Constraints&c == c }

// IsIndexed reports whether the attribute's values go into the index: unique
// attributes and those with the feature query.
func (a *Attribute) IsIndexed() bool { return a.Features&Query != 0 || a.Has(Unique) }

// IsScalar reports whether the attribute has a value of its own to compare:
// not an object, a plural or a password.
func (a *Attribute) IsScalar() bool {
	return a.Type != Object && a.Type != Plural && a.Type != Password
}

// Type is a compiled entity type. It is immutable and safe for concurrent use.
type Type struct {
	Name string // as published: "user"

	root       *Attribute
	indexed    []*Attribute
	unique     []*Attribute
	repeatable []*Attribute // unique attributes that one record may hold several times
	local      []localKey
	together   []together
	restricted bool // some attributes of the full type are hidden
	def        TypeDef
	access     *accessTable
}

// localKey is an attribute whose values must differ within one plural.
type localKey struct {
	plural *Attribute
	attr   *Attribute
	rel    []string // path from an element to the value
}

// Root is the record itself, as an attribute of type Object whose children are
// the top-level attributes, the reserved ones among them.
func (t *Type) Root() *Attribute { return t.root }

// Indexed lists the attributes whose values Index gives.
func (t *Type) Indexed() []*Attribute { return t.indexed }

// Unique lists the attributes whose values Uniques gives.
func (t *Type) Unique() []*Attribute { return t.unique }

// Attr finds an attribute. An element selector is right only on a plural. The
// error is Unknown/CodeUnknownAttribute with the dotted path in Field.
func (t *Type) Attr(p Path) (*Attribute, error) {
	a := t.root
	for _, s := range p {
		next := a.Child(s.Name)
		if next == nil || s.ID != 0 && next.Type != Plural {
			return nil, unknownAttribute(p.Dotted())
		}
		a = next
	}
	return a, nil
}

// Compile checks definitions and builds the type; the reserved attributes are
// added to them. Errors are Invalid, Taken (a name twice, CodeAttributeExists) or
// CodeReservedAttribute, Field being the attribute's dotted path.
func Compile(name string, defs []AttrDef) (*Type, error) {
	return CompileDef(TypeDef{Name: name, AttrDefs: defs})
}

func compileAttributes(name string, defs []AttrDef) (*Type, error) {
	if !isName(name) {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "", "%q is not a name for an entity type", name)
	}
	root := &Attribute{Type: Object, TypeName: "object"}
	count := 0
	if err := compileInto(root, defs, &count); err != nil {
		return nil, err
	}
	root.Children = append(root.Children, reservedTop()...)
	return newType(name, root, false), nil
}

func reservedTop() []*Attribute {
	out := make([]*Attribute, 0, 4)
	for _, r := range reservedDefs {
		typ, _ := parseType(r.Type)
		out = append(out, &Attribute{Name: r.Name, Path: r.Name, Steps: []string{r.Name}, Type: typ, TypeName: r.Type, Description: r.Description, CaseSensitive: true, Reserved: true})
	}
	return out
}

// isReserved tells which names the system keeps: five at the top, and those of
// a sub-entity everywhere.
func isReserved(name string, top bool) bool {
	switch name {
	case "id", "parent_id":
		return true
	case "uuid", "created", "lastUpdated":
		return top
	}
	return false
}

func compileInto(parent *Attribute, defs []AttrDef, count *int) error {
	seen := make(map[string]bool, len(defs))
	for i := range defs {
		a, err := compileOne(parent, &defs[i], count)
		if err != nil {
			return err
		}
		if seen[a.Name] {
			return attributeExists(a.Path)
		}
		seen[a.Name] = true
		parent.Children = append(parent.Children, a)
	}
	if parent.Type == Plural {
		parent.Children = append(parent.Children, &Attribute{Name: "id", Path: join(parent.Path, "id"), Steps: append(slices.Clone(parent.Steps), "id"),
			Type: ID, TypeName: "id", Description: "simple identifier for this sub-entity", CaseSensitive: true, Reserved: true, InPlural: true})
	}
	return nil
}

func compileOne(parent *Attribute, d *AttrDef, count *int) (*Attribute, error) {
	path := join(parent.Path, d.Name)
	bad := func(format string, args ...any) error {
		return profile.E(profile.Invalid, profile.CodeInvalid, path, slash(path)+" "+format, args...)
	}
	if isReserved(d.Name, parent.Path == "") {
		return nil, reservedAttribute(path)
	}
	if !isName(d.Name) {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, path, "%q is not a name for an attribute", d.Name)
	}
	if *count++; *count > MaxAttributes {
		return nil, bad("is one attribute too many: a type has at most %d", MaxAttributes)
	}
	typ, ok := parseType(d.Type)
	if !ok || typ == ID || typ == UUID {
		return nil, bad("has a type that does not exist: %q", d.Type)
	}
	a := &Attribute{Name: d.Name, Path: path, Steps: append(slices.Clone(parent.Steps), d.Name), Type: typ, TypeName: d.Type,
		Description: d.Description, CaseSensitive: true, InPlural: parent.InPlural || parent.Type == Plural}
	if len(a.Steps) > MaxDepth {
		return nil, bad("is nested too deep: at most %d levels", MaxDepth)
	}
	if d.Length != nil {
		if typ != String || *d.Length < 1 {
			return nil, bad("cannot have the length %d", *d.Length)
		}
		a.Length = *d.Length
	}
	if d.CaseSensitive != nil && typ == String {
		a.CaseSensitive = *d.CaseSensitive
	}
	for _, name := range d.Constraints {
		i := slices.Index(constraintNames[:], name)
		if i < 0 {
			return nil, bad("has a constraint that does not exist: %q", name)
		}
		a.Constraints |= 1 << i
	}
	for _, name := range d.Features {
		i := slices.Index(featureNames[:], name)
		if i < 0 {
			return nil, bad("has a feature that does not exist: %q", name)
		}
		a.Features |= 1 << i
	}
	switch {
	case a.Constraints&textConstraints != 0 && typ != String:
		return nil, bad("has a constraint that only strings can have")
	case a.Constraints&(Unique|LocallyUnique) != 0 && !a.IsScalar(), a.Has(Unique) && typ == JSON, a.Has(Required) && (typ == Object || typ == Plural):
		return nil, bad("has a constraint that its type cannot have")
	case a.Has(LocallyUnique) && !a.InPlural:
		return nil, bad("can be locally-unique only inside a plural")
	case a.Features != 0 && !a.IsScalar():
		return nil, bad("cannot be indexed")
	case typ == Password && a.InPlural:
		return nil, bad("is a password and cannot stand inside a plural")
	case len(d.AttrDefs) > 0 && typ != Object && typ != Plural:
		return nil, bad("cannot have attributes of its own")
	}
	if typ == Object || typ == Plural {
		if err := compileInto(a, d.AttrDefs, count); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// newType sorts the tree below root and prepares what reading and writing need.
func newType(name string, root *Attribute, restricted bool) *Type {
	t := &Type{Name: name, root: root, restricted: restricted}
	t.prepare(root, nil)
	return t
}

func (t *Type) prepare(a, plural *Attribute) {
	if a.Type == Plural {
		plural = a
	}
	sort.Slice(a.Children, func(i, j int) bool { return a.Children[i].Name < a.Children[j].Name })
	if a.Children != nil {
		a.byName = make(map[string]*Attribute, len(a.Children))
	}
	for i, c := range a.Children {
		a.byName[c.Name] = c
		c.index = i
		c.key = append(AppendString([]byte{','}, c.Name), ':')
		t.prepare(c, plural)
		a.offsets = append(a.offsets, len(a.blank))
		a.blank = append(append(a.blank, c.key...), c.unset...)
		if c.Reserved && plural == nil || c.Type == Password || c.Type == Object && len(c.special) > 0 {
			a.special = append(a.special, i)
		}
		if c.Has(Required) {
			a.required = append(a.required, c)
		}
		if c.IsIndexed() {
			t.indexed = append(t.indexed, c)
		}
		if c.Has(Unique) {
			t.unique = append(t.unique, c)
			if c.InPlural {
				t.repeatable = append(t.repeatable, c)
			}
		}
		if c.Has(LocallyUnique) {
			t.local = append(t.local, localKey{plural: plural, attr: c, rel: c.Steps[len(plural.Steps):]})
		}
	}
	a.offsets = append(a.offsets, len(a.blank))
	switch {
	case a.Type == Plural:
		a.unset = []byte("[]")
	case a.Type != Object:
		a.unset = []byte("null")
	case len(a.Children) == 0:
		a.unset = []byte("{}")
	default:
		a.unset = append(append([]byte{'{'}, a.blank[1:]...), '}')
	}
}

// Restrict gives the type as a client sees it whose access schema lists only
// paths: what is not listed does not exist for it, is not read, and survives
// its writes. Reserved attributes are always there. (Identity Cloud,
// entityType.setAccessSchema.) An unknown path is Unknown/CodeUnknownAttribute.
func (t *Type) Restrict(paths []Path) (*Type, error) {
	return t.subset(paths, true)
}

// selection is the part of an attribute tree that a list of paths names.
type selection struct {
	all  bool
	kids map[string]*selection
}

func (t *Type) subset(paths []Path, reserved bool) (*Type, error) {
	top, err := t.selection(paths)
	if err != nil {
		return nil, err
	}
	return t.derived(pick(t.root, top, reserved), true), nil
}

func (t *Type) selection(paths []Path) (*selection, error) {
	top := &selection{}
	for _, p := range paths {
		if _, err := t.Attr(p); err != nil {
			return nil, err
		}
		s := top
		for _, step := range p {
			if step.ID != 0 {
				return nil, unknownAttribute(p.Dotted())
			}
			if s.kids == nil {
				s.kids = map[string]*selection{}
			}
			if s.kids[step.Name] == nil {
				s.kids[step.Name] = &selection{}
			}
			s = s.kids[step.Name]
		}
		s.all = true
	}
	return top, nil
}

// derived makes another type of the attributes of this one.
func (t *Type) derived(root *Attribute, restricted bool) *Type {
	d := newType(t.Name, root, restricted)
	d.together, d.def, d.access = t.together, t.def, t.access
	d.markRuled(root)
	return d
}

// Writable gives the type as a client writes to it whose access schema lists
// only paths: what is not listed cannot be named, and keeps its values; what
// holds for a record as a whole holds all the same. (Identity Cloud,
// entityType.setAccessSchema.) An unknown path is Unknown/CodeUnknownAttribute.
func (t *Type) Writable(paths []Path) (*Type, error) {
	top, err := t.selection(paths)
	if err != nil {
		return nil, err
	}
	root := pick(t.root, &selection{all: true}, true)
	lock(root, top)
	return t.derived(root, false), nil
}

func lock(a *Attribute, s *selection) {
	if s.all {
		return
	}
	for _, c := range a.Children {
		switch sub := s.kids[c.Name]; {
		case sub != nil:
			lock(c, sub)
		case !c.Reserved:
			c.locked = true
		}
	}
}

// pick copies the selected part of a, so that it can be prepared anew.
func pick(a *Attribute, s *selection, reserved bool) *Attribute {
	c := &Attribute{Name: a.Name, Path: a.Path, Steps: a.Steps, Type: a.Type, TypeName: a.TypeName, Description: a.Description, Length: a.Length,
		CaseSensitive: a.CaseSensitive, Constraints: a.Constraints, Features: a.Features, Reserved: a.Reserved, InPlural: a.InPlural, rules: a.rules, locked: a.locked}
	for _, child := range a.Children {
		switch sub := s.kids[child.Name]; {
		case s.all || reserved && child.Reserved:
			c.Children = append(c.Children, pick(child, &selection{all: true}, reserved))
		case sub != nil:
			c.Children = append(c.Children, pick(child, sub, reserved))
		}
	}
	return c
}

// isName reports whether s can name an attribute or a type: a letter or "_",
// then letters, digits, "_" and "-", all ASCII.
func isName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// ParseType reads the published name of a type; false where there is none.
func ParseType(s string) (ValueType, bool) { return parseType(s) }

func parseType(s string) (ValueType, bool) {
	if strings.HasPrefix(s, "password-") {
		return Password, true
	}
	i := slices.Index(typeNames[:], s)
	return ValueType(max(i, 0)), i >= 0
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func slash(path string) string { return "/" + strings.ReplaceAll(path, ".", "/") }

func unknownAttribute(path string) *profile.Error {
	return profile.E(profile.Unknown, profile.CodeUnknownAttribute, path, "attribute does not exist: %s", slash(path))
}

func reservedAttribute(path string) *profile.Error {
	return profile.E(profile.Invalid, profile.CodeReservedAttribute, path, "attribute is reserved: %s", slash(path))
}
