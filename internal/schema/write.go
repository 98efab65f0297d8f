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
	KeepIDs    bool                  // elements of plurals keep the ids that they bring, as those of an import do
}

// Written is what a write results in. Nothing has happened yet: the caller
// stores it.
type Written struct {
	Attrs     []byte                   // the record's attributes as they are to be stored; "{}" when none
	Created   *time.Time               // set when Create was given a time of creation
	Passwords map[string]PasswordValue // by dotted path; nil when none was written
	Changed   []string                 // top-level attributes that differ now, sorted; passwords included
	Highest   int64                    // of the ids that new elements brought; 0: none did
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
	i := SkipSpace(b, 0)
	return b[i:SkipValue(b, i)]
}
