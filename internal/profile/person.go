package profile

import "strings"

// PersonName is how a person's name is kept: parts as the entity schema has
// them, and a display name that may be something else than their join.
type PersonName struct {
	Display, Given, Middle, Family string
}

// Join gives "given middle family" with single blanks.
func (n PersonName) Join() string {
	return strings.Join(strings.Fields(n.Given+" "+n.Middle+" "+n.Family), " ")
}

// Whole reads the name as one: the display name, else the joined parts, else
// the slug.
func (n PersonName) Whole(slug string) string {
	if n.Display != "" {
		return n.Display
	}
	if j := n.Join(); j != "" {
		return j
	}
	return slug
}

// WithWhole writes the name as one: it becomes the display name and is split
// into parts.
func (n PersonName) WithWhole(whole string) PersonName {
	out := SplitName(whole)
	out.Display = strings.Join(strings.Fields(whole), " ")
	return out
}

// WithParts writes the parts; the display name moves only if it was the join
// of the old parts.
func (n PersonName) WithParts(given, middle, family string) PersonName {
	out := PersonName{Display: n.Display, Given: given, Middle: middle, Family: family}
	if n.Display != "" && n.Display == n.Join() {
		out.Display = out.Join()
	}
	return out
}

// SplitName splits a whole name into parts: the last word is the family name,
// the first the given name, what is between the middle name. A particle ("van",
// "de", "el" …) or a suffix ("II", "Jr.") belongs to the family name. One word
// is a given name.
func SplitName(whole string) PersonName {
	words := strings.Fields(whole)
	if len(words) == 0 {
		return PersonName{}
	}
	if len(words) == 1 {
		return PersonName{Given: words[0]}
	}
	start := len(words) - 1
	if suffixes[strings.ToLower(words[start])] && start > 1 {
		start--
	}
	for start > 1 && particles[strings.ToLower(words[start-1])] {
		start--
	}
	return PersonName{
		Given:  words[0],
		Middle: strings.Join(words[1:start], " "),
		Family: strings.Join(words[start:], " "),
	}
}

var suffixes = map[string]bool{"i": true, "ii": true, "iii": true, "iv": true, "jr": true, "jr.": true, "sr": true, "sr.": true}

var particles = map[string]bool{"al": true, "bin": true, "da": true, "de": true, "del": true, "della": true, "den": true, "der": true,
	"di": true, "du": true, "el": true, "la": true, "le": true, "ten": true, "ter": true, "van": true, "von": true}
