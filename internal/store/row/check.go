package row

import (
	"strings"
	"unicode/utf8"

	"facet/internal/profile"
	"facet/internal/store"
)

// Check says whether text columns can keep what a creation has: Malformed where
// one of its texts has a NUL character or is not valid UTF-8.
func Check(c *store.Creation) error {
	rec := c.Record
	ok := clean(string(rec.Type)) && clean(rec.Attrs) && clean(rec.Extras) && clean(rec.Sort) && clean(rec.Search) &&
		clean(string(rec.State)) && clean(rec.Password) && clean(c.Event.Kind)
	for i := range rec.Names {
		n := &rec.Names[i]
		ok = ok && clean(string(n.Space)) && clean(n.Value) && clean(n.Typed)
	}
	for i := range rec.Index {
		ok = ok && clean(rec.Index[i].Path) && clean(rec.Index[i].Value)
	}
	for _, p := range c.Event.Paths {
		ok = ok && clean(p)
	}
	for _, s := range c.Secrets {
		ok = ok && clean(s.Kind) && clean(s.Key)
	}
	for _, l := range c.Links {
		ok = ok && clean(string(l.Kind)) && clean(l.Key) && clean(l.Tag) && clean(string(l.State)) && clean(l.Attrs)
	}
	if !ok {
		return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "text contains a NUL character or is not valid UTF-8"}
	}
	return nil
}

func clean[T string | []byte](s T) bool {
	text := string(s)
	return strings.IndexByte(text, 0) < 0 && utf8.ValidString(text)
}
