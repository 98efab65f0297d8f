package filter

import (
	"strings"
	"unicode/utf8"

	"facet/internal/profile"
)

// Limits of a filter's text.
const (
	MaxLength = 64 << 10 // bytes
	MaxDepth  = 100      // of nested parentheses, nots and comparisons
)

// ParseEntity reads the filter language of the Identity Cloud Entity API
// (entity.find, entity.count). Binding, tight to loose: is [not] null; not, !;
// > >= < <=; = !=; and; or. So `not age > 25` is `(not age) > 25`. Keywords are
// read in any letter case, blanks are optional, strings stand in single or
// double quotes. A blank filter gives a nil tree, which selects everything.
//
// Errors are of kind Malformed (CodeSyntax), TooLarge (CodeTooLarge) or, for
// the operator `contains` that the API has removed, Invalid (CodeContains); the
// field is "filter" and the message names the character.
func ParseEntity(src string) (Expr, error) {
	if len(src) > MaxLength {
		return nil, profile.E(profile.TooLarge, profile.CodeTooLarge, "filter", "the filter is longer than %d bytes", MaxLength)
	}
	p := &parser{lexer: lexer{src: src}}
	for i, r := range src {
		if r == 0 || r == utf8.RuneError && !strings.HasPrefix(src[i:], "\uFFFD") {
			return nil, p.syntax(i, "text that is not UTF-8, or NUL,")
		}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokenEnd {
		return nil, nil
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokenEnd {
		return nil, p.stray()
	}
	if e.height() > MaxDepth {
		return nil, p.tooDeep()
	}
	return e, nil
}

type parser struct {
	lexer
	tok   token
	depth int
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) tooDeep() error {
	return profile.E(profile.TooLarge, profile.CodeTooLarge, "filter", "the filter is nested more than %d deep", MaxDepth)
}

// stray is the error for a token that cannot stand where it does.
func (p *parser) stray() error {
	if p.tok.kind == tokenPath && isContains(p.tok.path) {
		return contains()
	}
	return p.unexpected(p.tok.at)
}

func isContains(path []string) bool { return len(path) == 1 && strings.EqualFold(path[0], "contains") }

func contains() error {
	return profile.E(profile.Invalid, profile.CodeContains, "filter", "the contains operator is no longer supported")
}

func (p *parser) or() (Expr, error) {
	terms, err := p.chain(tokenOr, p.and)
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return Or{terms}, nil
}

func (p *parser) and() (Expr, error) {
	terms, err := p.chain(tokenAnd, p.equality)
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return And{terms}, nil
}

func first(terms []Expr) Expr {
	if len(terms) == 0 {
		return nil
	}
	return terms[0]
}

func (p *parser) chain(word tokenKind, term func() (Expr, error)) ([]Expr, error) {
	var terms []Expr
	for {
		t, err := term()
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
		if p.tok.kind != word {
			return terms, nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) equality() (Expr, error) {
	return p.comparison(p.relation, func(o Op) bool { return o == Equal || o == NotEqual })
}

func (p *parser) relation() (Expr, error) {
	return p.comparison(p.unary, func(o Op) bool { return o != Equal && o != NotEqual })
}

func (p *parser) comparison(operand func() (Expr, error), mine func(Op) bool) (Expr, error) {
	left, err := operand()
	for n := 0; err == nil && p.tok.kind == tokenOp && mine(p.tok.op); n++ {
		if n == MaxDepth {
			return nil, p.tooDeep()
		}
		c := Compare{Op: p.tok.op, Left: left}
		if err = p.advance(); err != nil {
			break
		}
		c.Right, err = operand()
		left = c
	}
	return left, err
}

func (p *parser) unary() (Expr, error) {
	if p.tok.kind != tokenNot {
		return p.postfix()
	}
	if p.depth++; p.depth > MaxDepth {
		return nil, p.tooDeep()
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	term, err := p.unary()
	return Not{term}, err
}

func (p *parser) postfix() (Expr, error) {
	e, err := p.primary()
	if err != nil || p.tok.kind != tokenIs {
		return e, err
	}
	n := IsNull{Operand: e}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokenNot {
		n.Negated = true
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if p.tok.kind != tokenNull {
		return nil, p.syntax(p.tok.at, "expected null after is")
	}
	return n, p.advance()
}

func (p *parser) primary() (Expr, error) {
	t := p.tok
	var e Expr
	switch t.kind {
	case tokenPath:
		e = Path(t.path)
	case tokenText:
		e = Text(t.text)
	case tokenNumber:
		e = Number(t.text)
	case tokenTrue, tokenFalse:
		e = Bool(t.kind == tokenTrue)
	case tokenNull:
		e = Null{}
	case tokenOpen:
		return p.parenthesis()
	default:
		return nil, p.stray()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if t.kind == tokenPath && p.tok.kind == tokenOpen && isContains(t.path) {
		return nil, contains()
	}
	return e, nil
}

func (p *parser) parenthesis() (Expr, error) {
	open := p.tok.at
	if p.depth++; p.depth > MaxDepth {
		return nil, p.tooDeep()
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind == tokenEnd {
		return nil, p.syntax(open, "a parenthesis that is not closed")
	}
	if p.tok.kind != tokenClose {
		return nil, p.stray()
	}
	return e, p.advance()
}
