// Package row is what backends of the store have in common: how values are
// written into columns, and which rows a record has beside its own.
package row

import (
	"encoding/json"
	"time"

	"facet/internal/profile"
)

// NameBucket is where a site-wide name lives: FNV-1a (32 bits) of space, a
// zero byte and value, folded to 16. Stored rows depend on it for ever.
func NameBucket(space profile.Space, value string) profile.Bucket {
	h := uint32(2166136261)
	for i := 0; i < len(space); i++ {
		h = (h ^ uint32(space[i])) * 16777619
	}
	h *= 16777619
	for i := 0; i < len(value); i++ {
		h = (h ^ uint32(value[i])) * 16777619
	}
	return profile.Bucket(h>>16 ^ h&0xffff)
}

// Micros is a time as stored: microseconds since 1970, 0 for none.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func FromMicros(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}

// AppendNames writes names as the JSON that encoding/json reads back into
// []profile.Name.
func AppendNames(b []byte, names []profile.Name) []byte {
	b = append(b, '[')
	for i, n := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"s":`...), string(n.Space))
		b = appendString(append(b, `,"v":`...), n.Value)
		if n.Typed != "" {
			b = appendString(append(b, `,"t":`...), n.Typed)
		}
		if n.Owned {
			b = append(b, `,"o":true`...)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// AppendPaths writes a list of texts as JSON.
func AppendPaths(b []byte, paths []string) []byte {
	b = append(b, '[')
	for i, p := range paths {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, p)
	}
	return append(b, ']')
}

// appendString writes a JSON string (RFC 8259, section 7).
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		if c == '"' || c == '\\' {
			b = append(b, '\\', c)
		} else {
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		start = i + 1
	}
	return append(append(b, s[start:]...), '"')
}

// knownSpace saves copying the text of the usual spaces.
func knownSpace(s string) profile.Space {
	switch s {
	case string(profile.Slug):
		return profile.Slug
	case string(profile.Email):
		return profile.Email
	case string(profile.Number):
		return profile.Number
	}
	return profile.Space(s)
}

// ParseNames reads what AppendNames wrote into dst. src is kept by the names,
// whose texts are parts of it wherever nothing was escaped. Any other JSON of
// the same shape goes to encoding/json.
func ParseNames(dst []profile.Name, src string) ([]profile.Name, error) {
	dst = dst[:0]
	if src == "[]" || src == "" {
		return dst, nil
	}
	p := nameParser{s: src}
	if !p.lit('[') {
		return parseNamesSlow(dst, src)
	}
	if cap(dst) == 0 {
		dst = make([]profile.Name, 0, 4)
	}
	for {
		var n profile.Name
		if !p.str(`{"s":"`) {
			return parseNamesSlow(dst[:0], src)
		}
		n.Space = knownSpace(p.text())
		if !p.str(`,"v":"`) {
			return parseNamesSlow(dst[:0], src)
		}
		n.Value = p.text()
		if p.str(`,"t":"`) {
			n.Typed = p.text()
		}
		if p.str(`,"o":true`) {
			n.Owned = true
		}
		if p.bad || !p.lit('}') {
			return parseNamesSlow(dst[:0], src)
		}
		dst = append(dst, n)
		if p.lit(',') {
			continue
		}
		if p.lit(']') && p.at == len(src) {
			return dst, nil
		}
		return parseNamesSlow(dst[:0], src)
	}
}

func parseNamesSlow(dst []profile.Name, src string) ([]profile.Name, error) {
	if err := json.Unmarshal([]byte(src), &dst); err != nil {
		return nil, err
	}
	return dst, nil
}

type nameParser struct {
	s   string
	at  int
	bad bool // an escape or an end too early
}

func (p *nameParser) lit(c byte) bool {
	if p.at < len(p.s) && p.s[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *nameParser) str(want string) bool {
	if len(p.s)-p.at >= len(want) && p.s[p.at:p.at+len(want)] == want {
		p.at += len(want)
		return true
	}
	return false
}

// text reads up to the closing quote.
func (p *nameParser) text() string {
	for i := p.at; i < len(p.s); i++ {
		switch p.s[i] {
		case '"':
			t := p.s[p.at:i]
			p.at = i + 1
			return t
		case '\\':
			p.bad = true
			p.at = len(p.s)
			return ""
		}
	}
	p.bad = true
	p.at = len(p.s)
	return ""
}
