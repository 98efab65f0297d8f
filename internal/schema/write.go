package schema

import (
	"strconv"
	"time"

	"facet/internal/profile"
)

// Env is what a write needs from outside.
type Env struct {
	NextNumber func() (int64, error) // draws the id of a new element; the only side effect of a write
	Now        time.Time             // what "now" and "today" mean
	Required   bool                  // whether the constraint required is enforced; only entity writes do
}

// Written is what a write results in. Nothing has happened yet: the caller
// stores it.
type Written struct {
	Attrs     []byte                   // the record's attributes as they are to be stored; "{}" when none
	Created   *time.Time               // set when Create was given a time of creation
	Passwords map[string]PasswordValue // by dotted path; nil when none was written
	Changed   []string                 // top-level attributes that differ now, sorted; passwords included
}

// PasswordValue is a password as it was written. Its hash is never an attribute.
type PasswordValue struct {
	Clear bool   // null was written
	Plain string // a password to hash; "" when a hash was given
	Type  string // of a given hash: "password-bcrypt", "password-md5", …
	Value string // the hash
	Salt  string
}

// Create validates the attributes of a new record and gives them in stored
// form (Identity Cloud Entity API, entity.create). attrs must be a JSON object.
func (t *Type) Create(attrs []byte, env Env) (Written, error) {
	return t.write(nil, nil, attrs, env, creating)
}

// Update changes what value names and keeps the rest: objects merge, null
// clears, elements of plurals are appended or, given their id, updated
// (Identity Cloud Entity API, entity.update).
func (t *Type) Update(current []byte, path Path, value []byte, env Env) (Written, error) {
	return t.write(current, path, value, env, updating)
}

// Replace puts value in the place of what is at path; what value does not name
// is cleared, every element of a plural is new. Passwords that it does not name
// stay (Identity Cloud Entity API, entity.replace).
func (t *Type) Replace(current []byte, path Path, value []byte, env Env) (Written, error) {
	return t.write(current, path, value, env, replacing)
}

// DeleteElement removes one element of a plural; path must end in "#id"
// (Identity Cloud Entity API, entity.delete with attribute_name).
func (t *Type) DeleteElement(current []byte, path Path) (Written, error) {
	a, err := t.Attr(path)
	if err != nil {
		return Written{}, err
	}
	if len(path) == 0 || path[len(path)-1].ID == 0 {
		return Written{}, profile.E(profile.Invalid, profile.CodeInvalid, path.Dotted(), "%s is not an element of a plural", path)
	}
	if a.partial {
		return Written{}, notWhole(a)
	}
	w := writer{t: t, mode: updating}
	return w.finish(current, func(dst, cur []byte) ([]byte, bool, error) {
		return w.descend(dst, t.root, cur, path, func(dst []byte, _ *Attribute, _ []byte) ([]byte, bool, error) { return dst, false, nil })
	})
}

type mode uint8

const (
	creating mode = iota
	updating
	replacing
	adopting // elements keep the ids that they had
)

// writer carries one write. Its methods append to dst the new text of a value
// and report whether there is one; cur is the stored text (nil when unset), in
// the text that was given.
type writer struct {
	t    *Type
	env  Env
	mode mode
	out  Written
}

func (t *Type) write(current []byte, path Path, value []byte, env Env, m mode) (Written, error) {
	if err := CheckJSON(value, MaxDocumentDepth); err != nil {
		return Written{}, err
	}
	value = trim(value)
	w := writer{t: t, env: env, mode: m}
	return w.finish(current, func(dst, cur []byte) ([]byte, bool, error) {
		if len(path) == 0 {
			if value[0] != '{' {
				return nil, false, wrongType(t.root)
			}
			return w.object(dst, t.root, cur, value, 0)
		}
		return w.descend(dst, t.root, cur, path, func(dst []byte, a *Attribute, cur []byte) ([]byte, bool, error) {
			if last := path[len(path)-1]; last.ID != 0 {
				if value[0] != '{' {
					return nil, false, wrongType(a)
				}
				if id := memberNamed(value, "id"); id != nil && string(id) != strconv.FormatInt(last.ID, 10) {
					return nil, false, reservedAttribute(join(a.Path, "id"))
				}
				return w.object(dst, a, cur, value, last.ID)
			}
			return w.value(dst, a, cur, value)
		})
	})
}

// finish runs a change over the current attributes, checks what concerns the
// record as a whole, and lists what changed.
func (w *writer) finish(current []byte, change func(dst, cur []byte) ([]byte, bool, error)) (Written, error) {
	if len(current) == 0 {
		current = []byte("{}")
	}
	attrs, any, err := change(make([]byte, 0, len(current)+256), current)
	if err != nil {
		return Written{}, err
	}
	if !any {
		attrs = []byte("{}")
	}
	if err := w.t.checkDistinct(attrs); err != nil {
		return Written{}, err
	}
	w.out.Attrs = attrs
	w.out.Changed = w.changed(current, attrs)
	return w.out, nil
}

func (w *writer) value(dst []byte, a *Attribute, cur, in []byte) ([]byte, bool, error) {
	if a.rules != nil {
		if a.rules.keepFirst && cur != nil {
			return append(dst, cur...), true, nil
		}
		in = a.rules.change(in)
	}
	if in[0] == 'n' {
		return w.null(dst, a, cur)
	}
	switch a.Type {
	case Object:
		return w.object(dst, a, cur, in, 0)
	case Plural:
		return w.plural(dst, a, cur, in)
	case Password:
		return dst, false, w.readPassword(a, in)
	}
	mark := len(dst)
	dst, err := w.scalar(dst, a, in)
	if err == nil && a.rules != nil {
		err = a.rules.judge(a, dst[mark:], &w.env)
	}
	return dst, err == nil, err
}

// null writes null: the value is cleared.
func (w *writer) null(dst []byte, a *Attribute, cur []byte) ([]byte, bool, error) {
	if w.env.Required && a.Has(Required) {
		return nil, false, missing(a)
	}
	if a.rules != nil {
		if err := a.rules.judge(a, nil, &w.env); err != nil {
			return nil, false, err
		}
	}
	switch {
	case a.Type == Password:
		return dst, false, w.password(a, PasswordValue{Clear: true})
	case a.Type == Plural && a.partial && cur != nil:
		return nil, false, notWhole(a)
	}
	return w.clear(dst, a, cur)
}

// notWhole refuses to take elements away for a client that may not write all
// that they hold.
func notWhole(a *Attribute) error {
	for _, c := range a.Children {
		if c.locked {
			return unknownAttribute(c.Path)
		}
		if c.partial {
			return notWhole(c)
		}
	}
	return unknownAttribute(a.Path)
}

// slot holds what is known of one child while its object is written.
type slot struct{ cur, in []byte }

// object writes an object, or with an id an element of a plural.
func (w *writer) object(dst []byte, a *Attribute, cur, in []byte, id int64) ([]byte, bool, error) {
	if in[0] != '{' {
		return nil, false, wrongType(a)
	}
	slots := make([]slot, len(a.Children))
	hidden := gather(a, cur, slots)
	for c := enter(in, 0); ; {
		raw, val, ok := c.member()
		if !ok {
			break
		}
		name := string(unescape(nil, raw))
		child := a.byName[name]
		switch {
		case child != nil && child.locked:
			return nil, false, unknownAttribute(child.Path)
		case child != nil && !child.Reserved:
			slots[child.index].in = val
		case child == nil && !isReserved(name, a == w.t.root):
			return nil, false, unknownAttribute(join(a.Path, name))
		case name == "id" && a.Type == Plural: // read by plural, or equal to the path's
		default:
			if err := w.reserved(a, name, val); err != nil {
				return nil, false, err
			}
		}
	}
	if err := w.checkRequired(a, cur, slots); err != nil {
		return nil, false, err
	}
	begin := len(dst)
	for i, c := range a.Children {
		for len(hidden) > 0 && hidden[0].name < c.Name {
			dst, hidden = hidden[0].append(dst), hidden[1:]
		}
		if c.Reserved {
			if c.Type == ID && id != 0 {
				dst = strconv.AppendInt(append(dst, c.key...), id, 10)
			}
			continue
		}
		mark := len(dst)
		grown, ok, err := w.child(append(dst, c.key...), c, slots[i])
		if err != nil {
			return nil, false, err
		}
		if dst = grown; !ok {
			dst = dst[:mark]
		}
	}
	for _, h := range hidden {
		dst = h.append(dst)
	}
	dst, some := closeObject(dst, begin)
	return dst, some, nil
}

// child writes one child of an object: what was given, or what stays when
// nothing was.
func (w *writer) child(dst []byte, c *Attribute, s slot) ([]byte, bool, error) {
	switch {
	case s.in != nil:
		return w.value(dst, c, s.cur, s.in)
	case w.mode == updating, c.locked && s.cur != nil:
		return append(dst, s.cur...), s.cur != nil, nil
	case c.rules != nil && c.IsScalar():
		return w.value(dst, c, s.cur, jsonNull)
	case c.rules != nil && c.Type == Password && w.mode == creating:
		return dst, false, c.rules.judge(c, nil, &w.env)
	}
	return w.clear(dst, c, s.cur)
}

var jsonNull = []byte("null")

// clear unsets a value; what a client cannot see or write of it stays, and so
// does what a rule keeps.
func (w *writer) clear(dst []byte, a *Attribute, cur []byte) ([]byte, bool, error) {
	switch r := a.rules; {
	case cur != nil && (a.locked || a.Type == Plural && a.partial || r != nil && r.keepFirst):
		return append(dst, cur...), true, nil
	case a.Type == Object && (a.fills || w.t.restricted):
	case r != nil && r.def != nil:
		return w.value(dst, a, nil, jsonNull)
	default:
		return dst, false, nil
	}
	slots := make([]slot, len(a.Children))
	hidden := gather(a, cur, slots)
	begin := len(dst)
	for i, c := range a.Children {
		for len(hidden) > 0 && hidden[0].name < c.Name {
			dst, hidden = hidden[0].append(dst), hidden[1:]
		}
		mark := len(dst)
		grown, ok, err := w.clear(append(dst, c.key...), c, slots[i].cur)
		if err != nil {
			return nil, false, err
		}
		if dst = grown; !ok {
			dst = dst[:mark]
		}
	}
	for _, h := range hidden {
		dst = h.append(dst)
	}
	dst, some := closeObject(dst, begin)
	return dst, some, nil
}

// hiddenMember is a stored member that the type does not show.
type hiddenMember struct {
	name string
	val  []byte
}

func (h hiddenMember) append(dst []byte) []byte {
	return append(append(AppendString(append(dst, ','), h.name), ':'), h.val...)
}

// gather sorts the stored members of an object into slots; it gives those the
// type does not know.
func gather(a *Attribute, cur []byte, slots []slot) (hidden []hiddenMember) {
	for c := enter(cur, 0); ; {
		name, val, ok := c.member()
		if !ok {
			return hidden
		}
		if child := a.byName[string(name)]; child != nil {
			slots[child.index].cur = val
		} else {
			hidden = append(hidden, hiddenMember{string(name), val})
		}
	}
}

// closeObject makes an object of the members appended since begin, each with a
// comma before it. Without any there is no object.
func closeObject(dst []byte, begin int) ([]byte, bool) {
	if len(dst) == begin {
		return dst, false
	}
	dst[begin] = '{'
	return append(dst, '}'), true
}

// checkRequired looks for required children that the result would lack. Where
// something existed before, an update fails only by clearing it (see value), so
// that a constraint added later does not block unrelated changes.
func (w *writer) checkRequired(a *Attribute, cur []byte, slots []slot) error {
	if !w.env.Required || w.mode == updating && cur != nil {
		return nil
	}
	for _, c := range a.required {
		if slots[c.index].in == nil && !c.stays(slots[c.index].cur) && (c.Type != Password || w.mode == creating) {
			return missing(c)
		}
	}
	return nil
}

// stays tells whether an attribute has a value after a write that does not name
// it, though all that is not named is cleared.
func (a *Attribute) stays(cur []byte) bool {
	r := a.rules
	return r != nil && r.def != nil || cur != nil && (a.locked || r != nil && r.keepFirst)
}

// reserved answers a write of a reserved attribute. Only a record's time of
// creation may be given, when it is created.
func (w *writer) reserved(a *Attribute, name string, val []byte) error {
	path := join(a.Path, name)
	switch {
	case w.mode != creating || a != w.t.root:
		return reservedAttribute(path)
	case name == "id":
		return idInNew(path)
	case name != "created":
		return reservedAttribute(path)
	case val[0] == 'n':
		return nil
	}
	s, ok := Text(val)
	if !ok {
		return wrongType(&Attribute{Path: path, Type: DateTime})
	}
	t, err := ParseDateTime(s, w.env.Now)
	if err != nil {
		return at(err, &Attribute{Path: path})
	}
	w.out.Created = &t
	return nil
}

func (w *writer) plural(dst []byte, a *Attribute, cur, in []byte) ([]byte, bool, error) {
	if in[0] != '[' {
		return nil, false, wrongType(a)
	}
	var fresh [][]byte
	updates := map[int64][]byte{}
	for c := enter(in, 0); ; {
		el, ok := c.element()
		if !ok {
			break
		}
		if el[0] != '{' {
			return nil, false, wrongType(a)
		}
		raw := memberNamed(el, "id")
		if raw == nil || raw[0] == 'n' || w.mode == adopting {
			fresh = append(fresh, el)
			continue
		}
		if w.mode != updating {
			return nil, false, idInNew(join(a.Path, "id"))
		}
		id, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return nil, false, wrongType(a.byName["id"])
		}
		if updates[id] != nil {
			return nil, false, profile.E(profile.Invalid, profile.CodeInvalid, a.Path, "%s names the element %d twice", slash(a.Path), id)
		}
		updates[id] = el
	}
	if w.mode == replacing && a.partial && cur != nil {
		return nil, false, notWhole(a)
	}
	begin := len(dst)
	mode := w.mode
	defer func() { w.mode = mode }()
	if mode == updating {
		var err error
		if dst, err = w.updateElements(dst, a, cur, updates); err != nil {
			return nil, false, err
		}
	}
	if mode == updating {
		w.mode = creating // nothing of a new element is there yet
	}
	for _, el := range fresh {
		id, err := w.newID(el)
		if err != nil {
			return nil, false, err
		}
		if dst, _, err = w.object(append(dst, ','), a, nil, el, id); err != nil {
			return nil, false, err
		}
	}
	dst, some := closeArray(dst, begin)
	return dst, some, nil
}

// updateElements appends the present elements of a plural, those changed that
// updates names.
func (w *writer) updateElements(dst []byte, a *Attribute, cur []byte, updates map[int64][]byte) ([]byte, error) {
	for c := enter(cur, 0); ; {
		el, ok := c.element()
		if !ok {
			break
		}
		dst = append(dst, ',')
		if len(updates) == 0 {
			dst = append(dst, el...)
			continue
		}
		id := elementID(el)
		in := updates[id]
		if in == nil {
			dst = append(dst, el...)
			continue
		}
		delete(updates, id)
		var err error
		if dst, _, err = w.object(dst, a, el, in, id); err != nil {
			return nil, err
		}
	}
	for id := range updates {
		return nil, notFound(a.Path, id)
	}
	return dst, nil
}

func closeArray(dst []byte, begin int) ([]byte, bool) {
	if len(dst) == begin {
		return dst, false
	}
	dst[begin] = '['
	return append(dst, ']'), true
}

func (w *writer) password(a *Attribute, v PasswordValue) error {
	if w.out.Passwords == nil {
		w.out.Passwords = map[string]PasswordValue{}
	}
	w.out.Passwords[a.Path] = v
	return nil
}

// readPassword takes a plain password or {"type","value","salt"}. An object
// without a value is what a read gives; written back it changes nothing.
func (w *writer) readPassword(a *Attribute, in []byte) error {
	if plain, ok := Text(in); ok {
		if a.rules != nil {
			if err := a.rules.judge(a, in, &w.env); err != nil {
				return err
			}
		}
		return w.password(a, PasswordValue{Plain: plain})
	}
	if in[0] != '{' {
		return wrongType(a)
	}
	var v PasswordValue
	for c := enter(in, 0); ; {
		raw, val, ok := c.member()
		if !ok {
			break
		}
		var field *string
		switch name := string(unescape(nil, raw)); name {
		case "type":
			field = &v.Type
		case "value":
			field = &v.Value
		case "salt":
			field = &v.Salt
		default:
			return unknownAttribute(join(a.Path, name))
		}
		if val[0] == 'n' {
			continue
		}
		if *field, ok = Text(val); !ok {
			return wrongType(a)
		}
	}
	if typ, ok := parseType(v.Type); !ok || typ != Password {
		return profile.E(profile.Invalid, profile.CodeInvalid, a.Path, "%s has an unknown type of password", slash(a.Path))
	}
	if v.Value == "" {
		return nil
	}
	return w.password(a, v)
}

// memberNamed is member for text whose names may be escaped.
func memberNamed(obj []byte, name string) []byte {
	for c := enter(obj, 0); ; {
		raw, val, ok := c.member()
		if !ok {
			return nil
		}
		if string(unescape(nil, raw)) == name {
			return val
		}
	}
}

func trim(b []byte) []byte {
	i := skipSpace(b, 0)
	return b[i:skipValue(b, i)]
}
