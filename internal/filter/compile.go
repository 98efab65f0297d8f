package filter

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"
)

// Program is a filter compiled for one entity type: paths resolved, literals
// brought to the form in which values compare. It is immutable and safe for
// concurrent use.
type Program struct{ root node }

// Compile checks a tree against a type and prepares it. A nil tree selects
// everything. now is what 'today' means.
//
// An attribute that the type has not is Unknown (CodeUnknownAttribute, Field =
// its dotted path). A literal that the attribute can never have, a comparison
// of unlike types, and a value where a condition should stand are Invalid
// (CodeInvalid, Field "filter").
//
// Literals may be quoted or not whatever the attribute's type. Strings compare
// bytewise, folded unless the attribute is case-sensitive; numbers exactly;
// dates as midnight UTC with dateTimes. Objects, plurals, json and passwords
// know only is null.
func Compile(tree Expr, t *schema.Type, now time.Time) (*Program, error) {
	if tree == nil {
		return &Program{verdict(yes)}, nil
	}
	c := &compiler{t: t, now: now}
	root, err := c.condition(tree)
	if err != nil {
		return nil, err
	}
	return &Program{root}, nil
}

type compiler struct {
	t   *schema.Type
	now time.Time
}

func invalid(format string, args ...any) error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "filter", format, args...)
}

// brief cuts what a message repeats of the filter.
func brief(e Expr) string {
	s := []rune(e.String())
	if len(s) > 60 {
		return string(s[:60]) + "…"
	}
	return string(s)
}

// condition compiles what must be true or false.
func (c *compiler) condition(e Expr) (node, error) {
	switch e := e.(type) {
	case And:
		terms, err := c.conditions(e.Terms)
		return andNode(terms), err
	case Or:
		terms, err := c.conditions(e.Terms)
		return orNode(terms), err
	case Not:
		if p, ok := e.Term.(Path); ok {
			if a, err := c.attribute(p); err != nil {
				return nil, err
			} else if a.Type != schema.Boolean {
				return nil, invalid("not binds tighter than comparisons and %s is not true or false: write not (…)", a.Path)
			}
		}
		term, err := c.condition(e.Term)
		return notNode{term}, err
	case Compare:
		return c.compare(e)
	case IsNull:
		return c.isNull(e)
	case Path:
		a, err := c.attribute(e)
		if err != nil {
			return nil, err
		}
		if a.Type != schema.Boolean {
			return nil, invalid("%s is not a condition", a.Path)
		}
		return c.constant(Equal, a, Bool(true))
	case Bool:
		return truthOf(bool(e)), nil
	case Null:
		return verdict(unknown), nil
	}
	return nil, invalid("%s is not a condition", brief(e))
}

func (c *compiler) conditions(terms []Expr) ([]node, error) {
	out := make([]node, len(terms))
	for i, t := range terms {
		n, err := c.condition(t)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

func (c *compiler) attribute(p Path) (*schema.Attribute, error) {
	steps := make(schema.Path, len(p))
	for i, name := range p {
		steps[i].Name = name
	}
	return c.t.Attr(steps)
}

func isLiteral(e Expr) bool {
	switch e.(type) {
	case Text, Number, Bool, Null:
		return true
	}
	return false
}

func (c *compiler) compare(e Compare) (node, error) {
	if isLiteral(e.Left) && !isLiteral(e.Right) {
		e = Compare{e.Op.flip(), e.Right, e.Left}
	}
	if isLiteral(e.Left) {
		return c.literals(e)
	}
	left, isPath := e.Left.(Path)
	if !isPath {
		return c.booleans(e)
	}
	a, err := c.scalar(left)
	if err != nil {
		return nil, err
	}
	if isLiteral(e.Right) {
		return c.constant(e.Op, a, e.Right)
	}
	right, isPath := e.Right.(Path)
	if !isPath {
		return c.booleans(e)
	}
	b, err := c.scalar(right)
	if err != nil {
		return nil, err
	}
	if classOf(a) != classOf(b) {
		return nil, invalid("%s is %s and %s is %s: they cannot be compared", a.Path, classOf(a), b.Path, classOf(b))
	}
	return newPair(e.Op, a, b), nil
}

// booleans compares conditions with one another, or with what is true or false.
func (c *compiler) booleans(e Compare) (node, error) {
	side := func(e Expr) (node, error) {
		if t, ok := e.(Text); ok { // booleans may be quoted
			switch strings.ToLower(string(t)) {
			case "true":
				e = Bool(true)
			case "false":
				e = Bool(false)
			}
		}
		return c.condition(e)
	}
	left, err := side(e.Left)
	if err != nil {
		return nil, err
	}
	right, err := side(e.Right)
	return truthNode{e.Op, left, right}, err
}

// literals compares two literals, as in 1=1.
func (c *compiler) literals(e Compare) (node, error) {
	left, right := word(e.Left), word(e.Right)
	as := schema.Attribute{Type: schema.String, CaseSensitive: true}
	for _, lit := range []Expr{e.Left, e.Right} {
		switch lit.(type) {
		case Null:
			return verdict(unknown), nil
		case Number:
			as.Type = schema.Decimal
		case Bool:
			as.Type = schema.Boolean
		}
	}
	x, err := c.key(&as, left)
	if err != nil {
		return nil, invalid("%s and %s cannot be compared", brief(e.Left), brief(e.Right))
	}
	y, err := c.key(&as, right)
	if err != nil {
		return nil, invalid("%s and %s cannot be compared", brief(e.Left), brief(e.Right))
	}
	return truthOf(e.Op.holds(strings.Compare(x, y))), nil
}

// word gives the content of a literal.
func word(e Expr) string {
	if t, ok := e.(Text); ok {
		return string(t)
	}
	return e.String()
}

// key gives the form in which a literal compares with values of the attribute.
func (c *compiler) key(a *schema.Attribute, literal string) (string, error) {
	if classOf(a) == classNumber {
		literal = plainNumber(literal)
	}
	return a.Key(literal, c.now)
}

// plainNumber drops leading zeros, which JSON numbers have not.
func plainNumber(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), "+")
	rest, neg := strings.CutPrefix(s, "-")
	for len(rest) > 1 && rest[0] == '0' && isDigit(rest[1]) {
		rest = rest[1:]
	}
	if neg {
		return "-" + rest
	}
	return rest
}

func (c *compiler) scalar(p Path) (*schema.Attribute, error) {
	a, err := c.attribute(p)
	if err == nil && classOf(a) == classNone {
		return nil, invalid("%s is of type %s: only is null and is not null can be asked", a.Path, a.Type)
	}
	return a, err
}

// constant compares an attribute with a literal.
func (c *compiler) constant(op Op, a *schema.Attribute, lit Expr) (node, error) {
	if _, null := lit.(Null); null {
		return verdict(unknown), nil
	}
	place := placeOf(a)
	if place == inUUID {
		id, err := profile.ParseID(strings.TrimSpace(word(lit)))
		if err == nil {
			return uuidNode{op, id}, nil
		}
		if op != Equal && op != NotEqual { // order alone needs no whole uuid: "0000" is before most
			return uuidTextNode{op, strings.ToLower(word(lit))}, nil
		}
	}
	key, err := c.key(a, word(lit))
	if err != nil {
		return nil, invalid("%s is %s: it cannot be compared with %s", a.Path, classOf(a), brief(lit))
	}
	switch place {
	case inID:
		return newNumber(op, plainNumber(word(lit))), nil
	case inCreated, inUpdated:
		t, err := schema.ParseDateTime(word(lit), c.now)
		return timeNode{op, t.UnixMicro(), place == inCreated}, err
	}
	return &valueNode{attr: a, op: op, key: key}, nil
}

// newNumber turns a comparison of the record's number into the range of the
// numbers for which it holds.
func newNumber(op Op, literal string) node {
	floor, exact := floorOf(literal)
	next := new(big.Int).Add(floor, big.NewInt(1)) // the least integer above
	before, ceil := floor, next                    // the greatest integer below
	if exact {
		before, ceil = new(big.Int).Sub(floor, big.NewInt(1)), floor
	}
	switch op {
	case Less:
		return numberNode{in: upTo(before)}
	case LessEqual:
		return numberNode{in: upTo(floor)}
	case Greater:
		return numberNode{in: from(next)}
	case GreaterEqual:
		return numberNode{in: from(ceil)}
	}
	return numberNode{in: from(ceil).intersect(upTo(floor)), outside: op == NotEqual}
}

// floorOf gives the greatest integer not above a number, and whether it is the
// number itself. Beyond 30 digits it gives just some integer as far out. The
// number's key has its digits without the zeros around them.
func floorOf(literal string) (floor *big.Int, exact bool) {
	digits, neg := strings.CutPrefix(literal, "-")
	key := string(schema.AppendNumberKey(nil, []byte(digits)))
	if key == "0" {
		return new(big.Int), true
	}
	exponent, _ := strconv.Atoi(key[1:6])
	whole := exponent - 49999 // digits before the point
	digits = key[6:]
	exact = len(digits) <= whole
	whole = min(max(whole, 0), 30)
	digits = (digits + strings.Repeat("0", 30))[:whole]
	floor, _ = new(big.Int).SetString("0"+digits, 10)
	if neg {
		if floor.Neg(floor); !exact {
			floor.Sub(floor, big.NewInt(1))
		}
	}
	return floor, exact
}

func from(n *big.Int) NumberRange {
	switch {
	case n.IsInt64():
		return NumberRange{n.Int64(), math.MaxInt64}
	case n.Sign() < 0:
		return NumberRange{math.MinInt64, math.MaxInt64}
	}
	return nothing
}

func upTo(n *big.Int) NumberRange {
	switch {
	case n.IsInt64():
		return NumberRange{math.MinInt64, n.Int64()}
	case n.Sign() > 0:
		return NumberRange{math.MinInt64, math.MaxInt64}
	}
	return nothing
}

func (c *compiler) isNull(e IsNull) (node, error) {
	p, ok := e.Operand.(Path)
	if !ok {
		if isLiteral(e.Operand) {
			_, null := e.Operand.(Null)
			return truthOf(null != e.Negated), nil
		}
		n, err := c.condition(e.Operand)
		return unknownNode{n, e.Negated}, err
	}
	a, err := c.attribute(p)
	if err != nil {
		return nil, err
	}
	n := &nullNode{attr: a, place: placeOf(a), negated: e.Negated}
	if a.InPlural {
		for i := len(p) - 1; i > 0 && n.elements == nil; i-- {
			if plural, err := c.attribute(p[:i]); err == nil && plural.Type == schema.Plural {
				n.elements = append(append([]string{}, p[:i]...), "id")
			}
		}
	}
	return n, nil
}
