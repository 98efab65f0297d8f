package filter

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"facet/internal/profile"
)

type tokenKind uint8

const (
	tokenPath tokenKind = iota // also the zero value of keywords: no keyword
	tokenEnd
	tokenText
	tokenNumber
	tokenOp
	tokenOpen
	tokenClose
	tokenAnd
	tokenOr
	tokenNot
	tokenIs
	tokenNull
	tokenTrue
	tokenFalse
)

// keywords are read in any letter case. A path of several names, or one that
// begins with "/", is never a keyword.
var keywords = map[string]tokenKind{
	"and": tokenAnd, "or": tokenOr, "not": tokenNot, "is": tokenIs,
	"null": tokenNull, "true": tokenTrue, "false": tokenFalse,
}

type token struct {
	kind tokenKind
	at   int      // byte offset in the source
	text string   // of a text (unescaped), a number
	path []string // of a path
	op   Op
}

type lexer struct {
	src string
	pos int
}

// syntax is the error of a filter that cannot be read, at a byte offset.
func (l *lexer) syntax(at int, format string, args ...any) error {
	e := profile.E(profile.Malformed, profile.CodeSyntax, "filter", format, args...)
	e.Message += " at character " + strconv.Itoa(utf8.RuneCountInString(l.src[:at])+1)
	return e
}

func (l *lexer) next() (token, error) {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.pos]) >= 0 {
		l.pos++
	}
	t := token{at: l.pos}
	if l.pos == len(l.src) {
		t.kind = tokenEnd
		return t, nil
	}
	c := l.src[l.pos]
	followed := func(b byte) bool { return l.pos+1 < len(l.src) && l.src[l.pos+1] == b }
	op := func(o Op, size int) (token, error) {
		t.kind, t.op = tokenOp, o
		l.pos += size
		return t, nil
	}
	switch {
	case c == '(' || c == ')':
		t.kind = tokenOpen
		if c == ')' {
			t.kind = tokenClose
		}
		l.pos++
		return t, nil
	case c == '=':
		return op(Equal, 1)
	case c == '!' && followed('='):
		return op(NotEqual, 2)
	case c == '!':
		t.kind = tokenNot
		l.pos++
		return t, nil
	case c == '<' && followed('='):
		return op(LessEqual, 2)
	case c == '<':
		return op(Less, 1)
	case c == '>' && followed('='):
		return op(GreaterEqual, 2)
	case c == '>':
		return op(Greater, 1)
	case c == '\'' || c == '"':
		return l.quoted(t, c)
	case isDigit(c), c == '-' && l.pos+1 < len(l.src) && isDigit(l.src[l.pos+1]):
		t.kind, t.text = tokenNumber, l.number()
		return t, nil
	}
	return l.path(t)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number reads [-]digits[.digits][e[±]digits]; what follows may touch it, as
// in "25and".
func (l *lexer) number() string {
	start := l.pos
	digits := func(i int) int {
		for i < len(l.src) && isDigit(l.src[i]) {
			i++
		}
		return i
	}
	if l.src[l.pos] == '-' {
		l.pos++
	}
	l.pos = digits(l.pos)
	if l.pos < len(l.src) && l.src[l.pos] == '.' {
		if end := digits(l.pos + 1); end > l.pos+1 {
			l.pos = end
		}
	}
	if l.pos < len(l.src) && l.src[l.pos]|0x20 == 'e' {
		from := l.pos + 1
		if from < len(l.src) && (l.src[from] == '+' || l.src[from] == '-') {
			from++
		}
		if end := digits(from); end > from {
			l.pos = end
		}
	}
	return l.src[start:l.pos]
}

// path reads names joined by dots, or by dots and slashes when it begins with
// a slash.
func (l *lexer) path(t token) (token, error) {
	slash := l.src[l.pos] == '/'
	if slash {
		l.pos++
	}
	for {
		start := l.pos
		for l.pos < len(l.src) {
			r, size := utf8.DecodeRuneInString(l.src[l.pos:])
			if r != '_' && !unicode.IsLetter(r) && (l.pos == start || r != '-' && !unicode.IsDigit(r)) {
				break
			}
			l.pos += size
		}
		if l.pos == start {
			return t, l.unexpected(start)
		}
		t.path = append(t.path, l.src[start:l.pos])
		if l.pos < len(l.src) && (l.src[l.pos] == '.' || slash && l.src[l.pos] == '/') {
			l.pos++
			continue
		}
		break
	}
	if len(t.path) == 1 && !slash {
		t.kind = keywords[strings.ToLower(t.path[0])]
	}
	return t, nil
}

func (l *lexer) unexpected(at int) error {
	if at == len(l.src) {
		return l.syntax(at, "the filter ends too early")
	}
	r, _ := utf8.DecodeRuneInString(l.src[at:])
	return l.syntax(at, "unexpected %q", r)
}

// quoted reads a string in single or double quotes. A backslash keeps the next
// quote, backslash or slash as it is; the escapes of JSON (RFC 8259, section 7)
// are read too, for clients that encode with a JSON library.
func (l *lexer) quoted(t token, quote byte) (token, error) {
	t.kind = tokenText
	l.pos++
	rest := l.src[l.pos:]
	if end := strings.IndexByte(rest, quote); end >= 0 && strings.IndexByte(rest[:end], '\\') < 0 {
		t.text = rest[:end]
		l.pos += end + 1
		return t, nil
	}
	var b strings.Builder
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		l.pos++
		if c == quote {
			t.text = b.String()
			return t, nil
		}
		if c != '\\' {
			b.WriteByte(c)
			continue
		}
		if l.pos == len(l.src) {
			break
		}
		at := l.pos - 1
		c = l.src[l.pos]
		l.pos++
		if i := strings.IndexByte(`\'"/bfnrt`, c); i >= 0 {
			b.WriteByte("\\'\"/\b\f\n\r\t"[i])
			continue
		}
		r, ok := l.unicodeEscape(c)
		if !ok {
			return t, l.syntax(at, "unknown escape in a string")
		}
		b.WriteRune(r)
	}
	return t, l.syntax(t.at, "a string without a closing %c", quote)
}

// unicodeEscape reads the digits of \uXXXX, and of a surrogate pair whole.
func (l *lexer) unicodeEscape(c byte) (rune, bool) {
	hex := func() (rune, bool) {
		if l.pos+4 > len(l.src) {
			return 0, false
		}
		n, err := strconv.ParseUint(l.src[l.pos:l.pos+4], 16, 16)
		l.pos += 4
		return rune(n), err == nil
	}
	if c != 'u' {
		return 0, false
	}
	r, ok := hex()
	if !ok || r == 0 || !utf16.IsSurrogate(r) {
		return r, ok && r != 0
	}
	if !strings.HasPrefix(l.src[l.pos:], `\u`) {
		return 0, false
	}
	l.pos += 2
	low, ok := hex()
	r = utf16.DecodeRune(r, low)
	return r, ok && r != unicode.ReplacementChar
}
