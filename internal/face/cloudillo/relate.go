package cloudillo

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// relate changes what a profile is to the caller (PATCH /api/profiles/{idTag}):
// by the page's word, or by the live system's status, trust and hiddenInHome,
// where null clears. All that is sent happens, or nothing.
func relate(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Relationship jsontext.Value `json:"relationship"`
		Status       jsontext.Value `json:"status"`
		Trust        jsontext.Value `json:"trust"`
		HiddenInHome jsontext.Value `json:"hiddenInHome"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if in.Relationship != nil && in.Status != nil {
		return invalid("status", "status and relationship are two ways to say one thing: send one")
	}
	var moves []directory.Move
	for _, part := range []struct {
		field string
		value jsontext.Value
		moves func(jsontext.Value) ([]directory.Move, error)
	}{
		{"relationship", in.Relationship, movesByWord}, {"status", in.Status, movesToStatus},
		{"trust", in.Trust, movesToTrust}, {"hiddenInHome", in.HiddenInHome, movesToHide},
	} {
		if part.value == nil {
			continue
		}
		more, err := part.moves(part.value)
		if err != nil {
			return err
		}
		moves = append(moves, more...)
	}
	if len(moves) == 0 {
		return required("relationship")
	}
	p, err := c.Site.Relate(r.Context(), c.Who, c.Identity, r.PathValue("idTag"), moves...)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, related{
		IDTag: c.Site.IDTag(&p.Subject), Relationship: moves[len(moves)-1], UpdatedAt: iso(c.Site.Now()),
		Status: letterOf(p.Status()), held: heldOf(&p),
	})
}

func movesByWord(value jsontext.Value) ([]directory.Move, error) {
	word, ok := schema.Text(value)
	if !ok {
		return nil, profile.E(profile.Invalid, profile.CodeType, "relationship", "relationship is not a text")
	}
	return []directory.Move{directory.Move(word)}, nil
}

// movesToStatus are the moves that bring a profile to a status; the last one is
// what the answer calls it. null is active.
func movesToStatus(value jsontext.Value) ([]directory.Move, error) {
	text, _ := schema.Text(value)
	if value.Kind() == 'n' {
		text = "active"
	}
	switch word, _ := wordOf(text); word {
	case "active":
		return []directory.Move{directory.Unmute, directory.Unblock}, nil
	case "blocked":
		return []directory.Move{directory.Block}, nil
	case "muted":
		return []directory.Move{directory.Unblock, directory.Mute}, nil
	}
	return nil, invalid("status", "status is active, blocked or muted")
}

func movesToTrust(value jsontext.Value) ([]directory.Move, error) {
	text, _ := schema.Text(value)
	switch {
	case value.Kind() == 'n':
		return []directory.Move{directory.Untrust}, nil
	case text == string(directory.TrustAlways):
		return []directory.Move{directory.Confide}, nil
	case text == string(directory.TrustNever):
		return []directory.Move{directory.Distrust}, nil
	}
	return nil, invalid("trust", "trust is always, never or null")
}

func movesToHide(value jsontext.Value) ([]directory.Move, error) {
	switch value.Kind() {
	case 't':
		return []directory.Move{directory.Hide}, nil
	case 'f', 'n':
		return []directory.Move{directory.Unhide}, nil
	}
	return nil, invalid("hiddenInHome", "hiddenInHome is true, false or null")
}
