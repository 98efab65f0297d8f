package schema

import (
	"unicode/utf16"
	"unicode/utf8"

	"facet/internal/profile"
)

// MaxDocumentDepth is how deep objects and arrays of a written document nest.
const MaxDocumentDepth = 64

// hardDepth bounds the recursion when a caller names no limit.
const hardDepth = 1000

// CheckJSON reports whether b is exactly one JSON value (RFC 8259) that may be
// kept: valid UTF-8, no name twice in one object, no NUL and no lone surrogate
// (escaped or not), objects and arrays at most maxDepth deep (0: 1000). The
// error is Malformed/CodeSyntax, or TooLarge/CodeTooLarge for the depth.
func CheckJSON(b []byte, maxDepth int) error {
	if maxDepth <= 0 || maxDepth > hardDepth {
		maxDepth = hardDepth
	}
	if !utf8.Valid(b) {
		return syntax(0, "invalid UTF-8")
	}
	c := checker{b: b, depth: maxDepth}
	c.i = SkipSpace(b, 0)
	if err := c.value(); err != nil {
		return err
	}
	if i := SkipSpace(b, c.i); i < len(b) {
		return syntax(i, "text after the value")
	}
	return nil
}

func syntax(at int, what string) error {
	return profile.E(profile.Malformed, profile.CodeSyntax, "", "the JSON is not syntactically valid: %s at byte %d", what, at)
}

type checker struct {
	b     []byte
	i     int
	depth int      // levels still allowed
	names [][]byte // names of the open objects, innermost last
}

func (c *checker) value() error {
	if c.i >= len(c.b) {
		return syntax(c.i, "unexpected end")
	}
	switch ch := c.b[c.i]; {
	case ch == '"':
		_, err := c.str()
		return err
	case ch == '{':
		return c.object()
	case ch == '[':
		return c.array()
	case ch == 't':
		return c.word("true")
	case ch == 'f':
		return c.word("false")
	case ch == 'n':
		return c.word("null")
	case ch == '-' || '0' <= ch && ch <= '9':
		n := numberLen(c.b[c.i:])
		if n == 0 {
			return syntax(c.i, "bad number")
		}
		c.i += n
		return nil
	}
	return syntax(c.i, "unexpected character")
}

func (c *checker) word(w string) error {
	if len(c.b)-c.i < len(w) || string(c.b[c.i:c.i+len(w)]) != w {
		return syntax(c.i, "unexpected character")
	}
	c.i += len(w)
	return nil
}

func (c *checker) down() error {
	if c.depth--; c.depth < 0 {
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the JSON is nested too deep")
	}
	return nil
}

func (c *checker) array() error {
	if err := c.down(); err != nil {
		return err
	}
	c.i = SkipSpace(c.b, c.i+1)
	if c.i < len(c.b) && c.b[c.i] == ']' {
		c.i++
		c.depth++
		return nil
	}
	for {
		if err := c.value(); err != nil {
			return err
		}
		done, err := c.separator(']')
		if err != nil {
			return err
		}
		if done {
			c.depth++
			return nil
		}
	}
}

// separator passes a comma, or the closing bracket.
func (c *checker) separator(closing byte) (done bool, err error) {
	c.i = SkipSpace(c.b, c.i)
	if c.i >= len(c.b) {
		return false, syntax(c.i, "unexpected end")
	}
	switch c.b[c.i] {
	case closing:
		c.i++
		return true, nil
	case ',':
		c.i = SkipSpace(c.b, c.i+1)
		return false, nil
	}
	return false, syntax(c.i, "unexpected character")
}

// manyNames is from how many names on an object's names go into a map.
const manyNames = 16

func (c *checker) object() error {
	if err := c.down(); err != nil {
		return err
	}
	c.i = SkipSpace(c.b, c.i+1)
	if c.i < len(c.b) && c.b[c.i] == '}' {
		c.i++
		c.depth++
		return nil
	}
	first := len(c.names)
	ascending := true // every name so far was greater than the one before
	var seen map[string]struct{}
	for {
		at := c.i
		if c.i >= len(c.b) || c.b[c.i] != '"' {
			return syntax(c.i, "a name is missing")
		}
		name, err := c.str()
		if err != nil {
			return err
		}
		mine := c.names[first:]
		if ascending && len(mine) > 0 {
			ascending = string(mine[len(mine)-1]) < string(name)
		}
		if !ascending && twice(mine, name, &seen) {
			return syntax(at, "a name stands twice")
		}
		c.names = append(c.names, name)
		if c.i = SkipSpace(c.b, c.i); c.i >= len(c.b) || c.b[c.i] != ':' {
			return syntax(c.i, "a colon is missing")
		}
		c.i = SkipSpace(c.b, c.i+1)
		if err := c.value(); err != nil {
			return err
		}
		done, err := c.separator('}')
		if err != nil {
			return err
		}
		if done {
			c.names = c.names[:first]
			c.depth++
			return nil
		}
	}
}

func twice(names [][]byte, name []byte, seen *map[string]struct{}) bool {
	if len(names) < manyNames {
		for _, n := range names {
			if string(n) == string(name) {
				return true
			}
		}
		return false
	}
	if *seen == nil {
		*seen = make(map[string]struct{}, 2*len(names))
		for _, n := range names {
			(*seen)[string(n)] = struct{}{}
		}
	}
	if _, ok := (*seen)[string(name)]; ok {
		return true
	}
	(*seen)[string(name)] = struct{}{}
	return false
}

// str passes a string and gives its content, escapes resolved.
func (c *checker) str() ([]byte, error) {
	start := c.i + 1
	escaped := false
	for i := start; i < len(c.b); i++ {
		switch ch := c.b[i]; {
		case ch == '"':
			c.i = i + 1
			content := c.b[start:i]
			if escaped {
				content = unescape(make([]byte, 0, len(content)), content)
			}
			return content, nil
		case ch == '\\':
			n, what := escapeLen(c.b[i:])
			if n == 0 {
				return nil, syntax(i, what)
			}
			escaped = true
			i += n - 1
		case ch < ' ':
			return nil, syntax(i, "a control character in a string")
		}
	}
	return nil, syntax(len(c.b), "unexpected end")
}

// escapeLen measures the escape that b begins with; 0 and a reason if it is not one.
func escapeLen(b []byte) (int, string) {
	if len(b) < 2 {
		return 0, "unexpected end"
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, ""
	case 'u':
		switch r := hex4(b[2:]); {
		case r < 0:
			return 0, "bad escape"
		case r == 0:
			return 0, "NUL"
		case !utf16.IsSurrogate(r):
			return 6, ""
		case len(b) >= 12 && b[6] == '\\' && b[7] == 'u' && utf16.DecodeRune(r, hex4(b[8:])) != utf8.RuneError:
			return 12, ""
		}
		return 0, "a lone surrogate"
	}
	return 0, "bad escape"
}

// hex4 reads four hexadecimal digits; -1 if they are not there.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// unescape appends the content of a checked string, escapes resolved.
func unescape(dst, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 >= len(b) {
			dst = append(dst, b[i])
			continue
		}
		i++
		switch b[i] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(b[i+1:])
			i = min(i+4, len(b))
			if utf16.IsSurrogate(r) && i+3 <= len(b) {
				r = utf16.DecodeRune(r, hex4(b[i+3:]))
				i = min(i+6, len(b))
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, b[i])
		}
	}
	return dst
}

// numberLen measures the JSON number that b begins with; 0 if there is none.
func numberLen(b []byte) int {
	digits := func(i int) int {
		for i < len(b) && '0' <= b[i] && b[i] <= '9' {
			i++
		}
		return i
	}
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	start := i
	if i = digits(i); i == start || b[start] == '0' && i > start+1 {
		return 0
	}
	if i < len(b) && b[i] == '.' {
		start = i + 1
		if i = digits(start); i == start {
			return 0
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = digits(i); i == start {
			return 0
		}
	}
	return i
}

// AppendString appends s as a JSON string with as few escapes as JSON allows.
// s must be valid UTF-8.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// Text gives the content of a raw JSON string; false if raw is no string.
func Text(raw []byte) (string, bool) {
	b, ok := content(raw)
	return string(b), ok
}

// content gives the bytes of a raw JSON string, raw's own when nothing in it
// is escaped.
func content(raw []byte) ([]byte, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return nil, false
	}
	in := raw[1 : len(raw)-1]
	for _, c := range in {
		if c == '\\' {
			return unescape(make([]byte, 0, len(in)), in), true
		}
	}
	return in, true
}

// Compact appends checked JSON without the blanks between its tokens; nothing
// else changes.
func Compact(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		switch c := b[i]; c {
		case ' ', '\n', '\t', '\r':
			i++
		case '"':
			end := SkipString(b, i)
			dst = append(dst, b[i:end]...)
			i = end
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}
