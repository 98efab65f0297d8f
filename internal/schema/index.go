package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"facet/internal/profile"
)

// MaxIndexValue is how many bytes of a key an index row keeps. Two values with
// the same row may still differ: whoever looks up checks the record.
const MaxIndexValue = 200

// Indexed is one row of the index: a value that a record has at a path.
type Indexed struct {
	Path  string // dotted
	Value string // the value's key, cut to MaxIndexValue bytes
}

// UniqueValue is a value that no other record of the type may have at its path.
type UniqueValue struct {
	Path  string // dotted; of attributes that are unique together, joined by ","
	Value string // the value's key; a long one is cut and made distinct by its SHA-256
}

// Index gives the index rows of a record: one for each value of the attributes
// that Indexed lists, without duplicates.
func (t *Type) Index(stored []byte) []Indexed {
	var rows []Indexed
	var buf []byte
	for _, a := range t.indexed {
		first := len(rows)
		Values(stored, a.Steps, func(raw []byte) bool {
			key, ok := a.AppendKey(buf[:0], raw)
			buf = key
			if row := (Indexed{a.Path, Cut(string(key))}); ok && !slices.Contains(rows[max(first, len(rows)-32):], row) {
				rows = append(rows, row)
			}
			return true
		})
		if len(rows)-first > 32 {
			slices.SortFunc(rows[first:], func(x, y Indexed) int { return strings.Compare(x.Value, y.Value) })
			rows = rows[:first+len(slices.Compact(rows[first:]))]
		}
	}
	return rows
}

// Uniques gives the values that must be unique among the records of the type.
// A write has made sure that one record holds none of them twice.
func (t *Type) Uniques(stored []byte) []UniqueValue {
	var out []UniqueValue
	for _, a := range t.unique {
		Values(stored, a.Steps, func(raw []byte) bool {
			if key, ok := a.AppendKey(nil, raw); ok {
				out = append(out, UniqueValue{a.Path, UniqueKey(string(key))})
			}
			return true
		})
	}
	for i := range t.together {
		u := &t.together[i]
		if key, ok := u.appendKey(nil, stored); ok {
			out = append(out, UniqueValue{u.path, UniqueKey(string(key))})
		}
	}
	return out
}

// UniquePaths lists the paths that Uniques gives values of, sorted; of
// attributes that are unique together, their paths joined by ",".
func (t *Type) UniquePaths() []string {
	paths := make([]string, 0, len(t.unique)+len(t.together))
	for _, a := range t.unique {
		paths = append(paths, a.Path)
	}
	for _, u := range t.together {
		paths = append(paths, u.path)
	}
	slices.Sort(paths)
	return paths
}

// UniqueKey makes the key of a value fit for a unique name: a long one is cut,
// then "#" and the SHA-256 of all of it in hex.
func UniqueKey(key string) string {
	if len(key) <= MaxIndexValue {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return Cut(key) + "#" + hex.EncodeToString(sum[:])
}

// Cut gives the first MaxIndexValue bytes of a key, or a little less so as not
// to split a character.
func Cut(key string) string {
	if len(key) <= MaxIndexValue {
		return key
	}
	n := MaxIndexValue
	for !utf8.RuneStart(key[n]) {
		n--
	}
	return key[:n]
}

// AppendKey appends the key of a stored value: text whose equality is the
// attribute's equality and whose byte order is the attribute's order. It is
// false for a value that has no key: an object, a plural, one of a type the
// attribute no longer has. The key of a string ignores case unless the
// attribute is case-sensitive; dates and dateTimes have keys of one form.
func (a *Attribute) AppendKey(dst, raw []byte) ([]byte, bool) {
	if len(raw) == 0 {
		return dst, false
	}
	switch a.Type {
	case Integer, Decimal, ID:
		if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
			return dst, false
		}
		return AppendNumberKey(dst, raw), true
	case Boolean:
		return appendBoolKey(dst, raw[0] == 't'), raw[0] == 't' || raw[0] == 'f'
	case JSON:
		if s, ok := content(raw); ok {
			return append(dst, s...), true
		}
		return append(dst, raw...), true
	case Object, Plural, Password:
		return dst, false
	}
	s, ok := content(raw)
	if !ok {
		return dst, false
	}
	switch a.Type {
	case Date, DateTime:
		return appendStoredTimeKey(dst, s)
	case IPAddress:
		return appendIPKey(dst, string(s))
	}
	return a.appendTextKey(dst, s), true
}

func (a *Attribute) appendTextKey(dst, s []byte) []byte {
	if a.CaseSensitive {
		return append(dst, s...)
	}
	from := len(dst)
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return append(dst[:from], profile.Fold(string(s))...)
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	trimmed := bytes.TrimSpace(dst[from:])
	return append(dst[:from], trimmed...)
}

// Key gives the key of a literal, as it stands in a filter or a key_value: the
// content of a quoted string, or a bare word. now is what 'today' means. A
// literal that the attribute can never equal is Invalid: CodeDateTime, or
// CodeType.
func (a *Attribute) Key(literal string, now time.Time) (string, error) {
	word := strings.TrimSpace(literal)
	var key []byte
	ok := true
	switch a.Type {
	case Integer, Decimal, ID:
		word = strings.TrimPrefix(word, "+")
		if ok = word != "" && numberLen([]byte(word)) == len(word); ok {
			key = AppendNumberKey(nil, []byte(word))
		}
	case Boolean:
		yes := strings.EqualFold(word, "true")
		key, ok = appendBoolKey(nil, yes), yes || strings.EqualFold(word, "false")
	case Date, DateTime:
		t, err := ParseDateTime(word, now)
		if err != nil {
			return "", at(err, a)
		}
		key = AppendTimeKey(nil, t)
	case IPAddress:
		key, ok = appendIPKey(nil, word)
	case UUID:
		id, err := profile.ParseID(word)
		key, ok = []byte(id.String()), err == nil
	case JSON:
		key = []byte(literal)
	case String:
		key = a.appendTextKey(nil, []byte(literal))
	default:
		ok = false
	}
	if !ok {
		return "", profile.E(profile.Invalid, profile.CodeType, a.Path, "%s cannot be compared with %q", slash(a.Path), Cut(literal))
	}
	return string(key), nil
}

// IndexValue gives what a literal's index row would hold: its key, cut.
func (a *Attribute) IndexValue(literal string, now time.Time) (string, error) {
	key, err := a.Key(literal, now)
	return Cut(key), err
}

func appendBoolKey(dst []byte, yes bool) []byte {
	if yes {
		return append(dst, '1')
	}
	return append(dst, '0')
}

func appendIPKey(dst []byte, s string) ([]byte, bool) {
	ip, err := netip.ParseAddr(s)
	if err != nil || !ip.Is4() {
		return dst, false
	}
	four := ip.As4()
	return hex.AppendEncode(dst, four[:]), true
}

// AppendTimeKey appends the key of a time: "2012-03-12 01:23:45.123000", UTC.
func AppendTimeKey(dst []byte, t time.Time) []byte {
	from := len(dst)
	dst = AppendDateTime(dst, t)
	dst = dst[:len(dst)-len(" +0000")]
	if len(dst)-from == len("2012-03-12 01:23:45") {
		dst = append(dst, ".000000"...)
	}
	return dst
}

// appendStoredTimeKey makes the key of a date or dateTime in stored form.
func appendStoredTimeKey(dst, s []byte) ([]byte, bool) {
	const whole = "0000-00-00 00:00:00.000000"
	s = bytes.TrimSuffix(s, []byte(" +0000"))
	if n := len(s); n != 10 && n != 19 && n != len(whole) {
		return dst, false
	}
	return append(append(dst, s...), whole[len(s):]...), true
}

// The exponents that number keys tell apart; larger ones count as these.
const keyExponent = 49999

// AppendNumberKey appends the key of a JSON number. Numbers that are equal have
// one key however they are written (1, 1.0, 10e-1), and no digit is lost: sign,
// five digits of decimal exponent, then the digits; for negative numbers all of
// it complemented.
func AppendNumberKey(dst, raw []byte) []byte {
	negative := len(raw) > 0 && raw[0] == '-'
	exponent := 0
	point, first, last, n := -1, -1, -1, 0 // counted in digits of the mantissa
	if i := bytes.IndexAny(raw, "eE"); i >= 0 {
		exponent, raw = saturatedInt(raw[i+1:]), raw[:i]
	}
	for _, c := range raw {
		switch {
		case c == '.':
			point = n
		case '0' <= c && c <= '9':
			if c != '0' && first < 0 {
				first = n
			}
			if c != '0' {
				last = n
			}
			n++
		}
	}
	if first < 0 {
		return append(dst, '0')
	}
	if point < 0 {
		point = n
	}
	e := min(max(point-first-1+exponent, -keyExponent), keyExponent) + keyExponent + 1
	if negative {
		dst = append(dst, '-')
		dst = appendDigits(dst, 99999-e, 5)
	} else {
		dst = append(dst, '1')
		dst = appendDigits(dst, e, 5)
	}
	n = 0
	for _, c := range raw {
		if c < '0' || c > '9' {
			continue
		}
		if n >= first && n <= last {
			if negative {
				c = '0' + '9' - c
			}
			dst = append(dst, c)
		}
		n++
	}
	if negative {
		dst = append(dst, '~')
	}
	return dst
}

// saturatedInt reads an integer and stops counting at a million.
func saturatedInt(b []byte) int {
	const most = 1_000_000
	n, err := strconv.Atoi(string(b))
	if err != nil || n > most || n < -most {
		n = most
		if len(b) > 0 && b[0] == '-' {
			n = -most
		}
	}
	return n
}
