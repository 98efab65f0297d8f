package directory

import (
	"slices"
	"strings"

	"golang.org/x/text/language"

	"facet/internal/profile"
)

// Avatars are the pictures that a household profile may choose from, by id: no
// picture is uploaded for one.
var Avatars = []string{
	"bear", "cat", "dog", "dolphin", "fox", "frog", "koala", "lion", "owl", "panda", "penguin", "rabbit",
	"rocket", "robot", "star", "tiger", "tree", "turtle", "unicorn", "whale",
}

const maxLanguage = 35 // characters of a language tag (RFC 5646, section 4.4.1)

// taste lays over a profile what its people see and hear by.
func (in MemberEdit) taste(m *member) error {
	if in.Avatar != nil {
		if *in.Avatar != "" && !slices.Contains(Avatars, *in.Avatar) {
			return profile.E(profile.Invalid, profile.CodeChoice, "avatar_id", "The avatars are %s.", strings.Join(Avatars, ", "))
		}
		m.Avatar = *in.Avatar
	}
	for _, l := range []struct {
		name  string
		typed *string
		kept  *string
	}{{"language", in.Language, &m.Language}, {"subtitle_language", in.Subtitles, &m.Subtitles}} {
		if l.typed == nil {
			continue
		}
		if *l.typed != "" {
			tag, err := language.Parse(*l.typed)
			if err != nil || len(*l.typed) > maxLanguage {
				return profile.E(profile.Invalid, profile.CodeConstraint, l.name, "A language is a tag such as en or pt-BR (BCP 47).")
			}
			*l.kept = tag.String()
		} else {
			*l.kept = ""
		}
	}
	if in.NoAutoplay {
		m.Autoplay = nil
	}
	if in.Autoplay != nil {
		m.Autoplay = in.Autoplay
	}
	return nil
}
