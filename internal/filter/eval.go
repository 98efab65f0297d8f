package filter

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"
)

// Record is what a filter sees of a record.
type Record struct {
	ID       int64 // the record's number
	UUID     profile.ID
	Created  time.Time
	Updated  time.Time
	Password bool   // the record has a password; its hash is never among Attrs
	Attrs    []byte // stored attributes: sparse JSON text
}

// Match reports whether the filter selects the record. It is the oracle of
// every backend. It reads no further into the text than it must, and allocates
// only for escaped or not-ASCII text, for values longer than a line, and where
// two attributes are compared with one another.
func (p *Program) Match(r *Record) bool { return p.root.eval(r) == yes }

// truth is the three-valued truth of SQL. An unknown condition selects nothing,
// and neither does its negation.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

type node interface{ eval(*Record) truth }

type (
	verdict truth

	andNode []node
	orNode  []node
	notNode struct{ term node }

	// truthNode compares two conditions; false is less than true.
	truthNode struct {
		op          Op
		left, right node
	}

	// unknownNode asks whether a condition is null.
	unknownNode struct {
		term    node
		negated bool
	}

	// valueNode compares the values of an attribute with a literal's key.
	valueNode struct {
		attr *schema.Attribute
		op   Op
		key  string
	}

	// numberNode compares the record's number.
	numberNode struct {
		in      NumberRange
		outside bool
	}

	uuidNode struct {
		op Op
		id profile.ID
	}

	uuidTextNode struct {
		op   Op
		text string
	}

	timeNode struct {
		op      Op
		micro   int64 // since 1970
		created bool  // else updated
	}

	// pairNode compares two attributes of one record.
	pairNode struct {
		op             Op
		left, right    *schema.Attribute
		lplace, rplace place
		plural         bool
	}

	nullNode struct {
		attr     *schema.Attribute
		place    place
		elements []string // path of the ids of the innermost plural above; nil if none
		negated  bool
	}
)

func truthOf(b bool) verdict {
	if b {
		return verdict(yes)
	}
	return verdict(no)
}

func (v verdict) eval(*Record) truth { return truth(v) }

func (n andNode) eval(r *Record) truth {
	out := yes
	for _, t := range n {
		if out = min(out, t.eval(r)); out == no {
			break
		}
	}
	return out
}

func (n orNode) eval(r *Record) truth {
	out := no
	for _, t := range n {
		if out = max(out, t.eval(r)); out == yes {
			break
		}
	}
	return out
}

func (n notNode) eval(r *Record) truth { return yes - n.term.eval(r) }

func (n truthNode) eval(r *Record) truth {
	x, y := n.left.eval(r), n.right.eval(r)
	if x == unknown || y == unknown {
		return unknown
	}
	return truth(truthOf(n.op.holds(cmp.Compare(x, y))))
}

func (n unknownNode) eval(r *Record) truth {
	return truth(truthOf((n.term.eval(r) == unknown) != n.negated))
}

func (n *valueNode) eval(r *Record) truth {
	var room [128]byte
	out := unknown
	if n.attr.InPlural {
		out = no
	}
	schema.Values(r.Attrs, n.attr.Steps, func(raw []byte) bool {
		key, ok := n.attr.AppendKey(room[:0], raw)
		switch {
		case !ok:
			return true
		case n.op.holds(compareKeys(key, n.key)):
			out = yes
			return false
		}
		out = no
		return true
	})
	return out
}

func compareKeys(key []byte, with string) int {
	if string(key) == with {
		return 0
	}
	return sign(string(key) < with)
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

func (n numberNode) eval(r *Record) truth {
	return truth(truthOf((n.in.Low <= r.ID && r.ID <= n.in.High) != n.outside))
}

func (n uuidNode) eval(r *Record) truth {
	return truth(truthOf(n.op.holds(bytes.Compare(r.UUID[:], n.id[:]))))
}

func (n uuidTextNode) eval(r *Record) truth {
	return truth(truthOf(n.op.holds(strings.Compare(r.UUID.String(), n.text))))
}

func (n timeNode) eval(r *Record) truth {
	t := r.Updated
	if n.created {
		t = r.Created
	}
	return truth(truthOf(n.op.holds(cmp.Compare(t.UnixMicro(), n.micro))))
}

// newPair prepares the comparison of two attributes; case counts only if it
// does for both.
func newPair(op Op, a, b *schema.Attribute) *pairNode {
	if a.CaseSensitive != b.CaseSensitive && a.Type == schema.String {
		x, y := *a, *b
		x.CaseSensitive, y.CaseSensitive = false, false
		a, b = &x, &y
	}
	return &pairNode{op, a, b, placeOf(a), placeOf(b), a.InPlural || b.InPlural}
}

func (n *pairNode) eval(r *Record) truth {
	out := unknown
	if n.plural {
		out = no
	}
	var room, room2 [128]byte
	eachKey(r, n.left, n.lplace, room[:0], func(left []byte) bool {
		eachKey(r, n.right, n.rplace, room2[:0], func(right []byte) bool {
			if n.op.holds(bytes.Compare(left, right)) {
				out = yes
			} else {
				out = no
			}
			return out != yes
		})
		return out != yes
	})
	return out
}

// eachKey calls fn with the key of every value of an attribute, until fn
// returns false.
func eachKey(r *Record, a *schema.Attribute, at place, room []byte, fn func(key []byte) bool) {
	if at == inAttrs {
		schema.Values(r.Attrs, a.Steps, func(raw []byte) bool {
			key, ok := a.AppendKey(room, raw)
			return !ok || fn(key)
		})
		return
	}
	var raw [48]byte
	if key, ok := a.AppendKey(room, at.raw(raw[:0], r)); ok {
		fn(key)
	}
}

// eval of a path through plurals: null if there is no element at all or any
// element lacks the value; not null if any element has it.
func (n *nullNode) eval(r *Record) truth {
	switch n.place {
	case inAttrs:
	case inPassword:
		return truth(truthOf(r.Password == n.negated))
	default:
		return truth(truthOf(n.negated))
	}
	values := 0
	schema.Values(r.Attrs, n.attr.Steps, func(raw []byte) bool {
		if n.attr.Type != schema.Plural && n.attr.Type != schema.Object || !isEmpty(raw) {
			values++
		}
		return values == 0 || n.elements != nil && !n.negated
	})
	null := values == 0
	if !null && !n.negated && n.elements != nil {
		elements := 0
		schema.Values(r.Attrs, n.elements, func([]byte) bool {
			elements++
			return elements <= values
		})
		null = elements > values
	}
	return truth(truthOf(null != n.negated))
}

// isEmpty reports whether an object or an array has nothing in it.
func isEmpty(raw []byte) bool {
	for _, c := range raw[1:] {
		if c > ' ' {
			return c == ']' || c == '}'
		}
	}
	return true
}

// class groups the attribute types whose values compare with one another.
type class uint8

const (
	classNone class = iota // only is null
	classText
	classNumber
	classTime
	classBool
	classIP
	classUUID
)

func (c class) String() string {
	return [...]string{"nothing", "a text", "a number", "a date or time", "true or false", "an IPv4 address", "a uuid"}[c]
}

func classOf(a *schema.Attribute) class {
	switch a.Type {
	case schema.String:
		return classText
	case schema.Integer, schema.Decimal, schema.ID:
		return classNumber
	case schema.Date, schema.DateTime:
		return classTime
	case schema.Boolean:
		return classBool
	case schema.IPAddress:
		return classIP
	case schema.UUID:
		return classUUID
	}
	return classNone
}

// place says where a record keeps an attribute's value.
type place uint8

const (
	inAttrs place = iota
	inID
	inUUID
	inCreated
	inUpdated
	inPassword
)

func placeOf(a *schema.Attribute) place {
	switch {
	case a.Type == schema.Password:
		return inPassword
	case !a.Reserved || a.InPlural:
		return inAttrs
	case a.Name == "id":
		return inID
	case a.Name == "uuid":
		return inUUID
	case a.Name == "created":
		return inCreated
	case a.Name == "lastUpdated":
		return inUpdated
	}
	return inAttrs
}

// raw writes a value that is kept outside the JSON text as JSON.
func (p place) raw(dst []byte, r *Record) []byte {
	switch p {
	case inID:
		return strconv.AppendInt(dst, r.ID, 10)
	case inUUID:
		return append(append(append(dst, '"'), r.UUID.String()...), '"')
	case inCreated:
		return append(schema.AppendDateTime(append(dst, '"'), r.Created), '"')
	default:
		return append(schema.AppendDateTime(append(dst, '"'), r.Updated), '"')
	}
}
