package schema

import "strconv"

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
