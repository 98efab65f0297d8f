package filter

import "strings"

// Expr is a node of the filter tree: a condition (And, Or, Not, Compare,
// IsNull) or an operand (Path, Text, Number, Bool, Null). The entity grammar
// lets conditions stand where operands do, and the reverse; Compile decides
// what makes sense.
type Expr interface {
	// String prints the node in the entity grammar, so that parsing gives the
	// same tree again.
	String() string
	level() int
	print(*strings.Builder)
	height() int
}

// And is true when all of its two or more terms are.
type And struct{ Terms []Expr }

// Or is true when any of its two or more terms is.
type Or struct{ Terms []Expr }

// Not is true when its term is false.
type Not struct{ Term Expr }

// Compare relates two operands.
type Compare struct {
	Op          Op
	Left, Right Expr
}

// IsNull asks whether a value is absent, null or an empty plural.
type IsNull struct {
	Operand Expr
	Negated bool
}

// Path names an attribute by the names on the way to it.
type Path []string

// Text is a quoted literal.
type Text string

// Number is an unquoted numeric literal as written: [-]digits[.digits][e[±]digits].
type Number string

// Bool is true or false.
type Bool bool

// Null is the literal null.
type Null struct{}

// Op is a comparison.
type Op uint8

// The comparisons.
const (
	Equal Op = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
)

func (o Op) String() string {
	return [...]string{"=", "!=", "<", "<=", ">", ">="}[o]
}

// flip gives the comparison that holds when the operands change sides.
func (o Op) flip() Op {
	return [...]Op{Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual}[o]
}

// holds says whether the comparison is true of operands whose order is c
// (negative, zero, positive).
func (o Op) holds(c int) bool {
	switch o {
	case Equal:
		return c == 0
	case NotEqual:
		return c != 0
	case Less:
		return c < 0
	case LessEqual:
		return c <= 0
	case Greater:
		return c > 0
	default:
		return c >= 0
	}
}

// Binding strength, loose to tight; a child looser than its place asks for is
// put in parentheses.
const (
	levelOr = iota
	levelAnd
	levelEquality
	levelRelation
	levelNot
	levelPostfix
	levelPrimary
)

func (And) level() int    { return levelAnd }
func (Or) level() int     { return levelOr }
func (Not) level() int    { return levelNot }
func (IsNull) level() int { return levelPostfix }
func (Path) level() int   { return levelPrimary }
func (Text) level() int   { return levelPrimary }
func (Number) level() int { return levelPrimary }
func (Bool) level() int   { return levelPrimary }
func (Null) level() int   { return levelPrimary }

func (c Compare) level() int {
	if c.Op == Equal || c.Op == NotEqual {
		return levelEquality
	}
	return levelRelation
}

func (a And) String() string     { return text(a) }
func (o Or) String() string      { return text(o) }
func (n Not) String() string     { return text(n) }
func (c Compare) String() string { return text(c) }
func (n IsNull) String() string  { return text(n) }
func (p Path) String() string    { return text(p) }
func (t Text) String() string    { return text(t) }
func (n Number) String() string  { return string(n) }
func (b Bool) String() string    { return text(b) }
func (Null) String() string      { return "null" }

func text(e Expr) string {
	var b strings.Builder
	e.print(&b)
	return b.String()
}

// nest prints a child where at least the given binding strength is needed.
func nest(b *strings.Builder, e Expr, level int) {
	if e.level() >= level {
		e.print(b)
		return
	}
	b.WriteByte('(')
	e.print(b)
	b.WriteByte(')')
}

func chain(b *strings.Builder, terms []Expr, word string, level int) {
	for i, t := range terms {
		if i > 0 {
			b.WriteString(word)
		}
		nest(b, t, level+1)
	}
}

func (a And) print(b *strings.Builder) { chain(b, a.Terms, " and ", levelAnd) }
func (o Or) print(b *strings.Builder)  { chain(b, o.Terms, " or ", levelOr) }

func (n Not) print(b *strings.Builder) {
	b.WriteString("not ")
	nest(b, n.Term, levelNot)
}

func (c Compare) print(b *strings.Builder) {
	nest(b, c.Left, c.level())
	b.WriteByte(' ')
	b.WriteString(c.Op.String())
	b.WriteByte(' ')
	nest(b, c.Right, c.level()+1)
}

func (n IsNull) print(b *strings.Builder) {
	nest(b, n.Operand, levelPrimary)
	if n.Negated {
		b.WriteString(" is not null")
	} else {
		b.WriteString(" is null")
	}
}

func (p Path) print(b *strings.Builder) {
	if len(p) == 1 && keywords[strings.ToLower(p[0])] != tokenPath {
		b.WriteByte('/') // else it would read as the keyword
	}
	b.WriteString(strings.Join(p, "."))
}

func (t Text) print(b *strings.Builder) {
	b.WriteByte('\'')
	for i := 0; i < len(t); i++ {
		if t[i] == '\'' || t[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(t[i])
	}
	b.WriteByte('\'')
}

func (n Number) print(b *strings.Builder) { b.WriteString(string(n)) }
func (Null) print(b *strings.Builder)     { b.WriteString("null") }

func (b Bool) print(out *strings.Builder) {
	if b {
		out.WriteString("true")
	} else {
		out.WriteString("false")
	}
}

func tallest(terms []Expr) int {
	h := 0
	for _, t := range terms {
		h = max(h, t.height())
	}
	return h
}

func (a And) height() int     { return 1 + tallest(a.Terms) }
func (o Or) height() int      { return 1 + tallest(o.Terms) }
func (n Not) height() int     { return 1 + n.Term.height() }
func (c Compare) height() int { return 1 + max(c.Left.height(), c.Right.height()) }
func (n IsNull) height() int  { return 1 + n.Operand.height() }
func (Path) height() int      { return 1 }
func (Text) height() int      { return 1 }
func (Number) height() int    { return 1 }
func (Bool) height() int      { return 1 }
func (Null) height() int      { return 1 }
