package directory

import (
	"slices"

	"facet/internal/profile"
)

// Match is the condition of a change: the versions that a thing may have
// (RFC 9110, sections 13.1.1 and 13.1.2). The zero value sets none.
type Match struct {
	If     []int64 // one of these; nil: any, or none
	Any    bool    // it has to be there
	NoneOf []int64 // none of these
	None   bool    // it may not be there
}

// named reports whether the condition says which version is meant.
func (m *Match) named() bool { return m.If != nil || m.Any }

// check holds the condition against a thing: its version, or that there is
// none. Errors: Conflict/CodeVersionMismatch with the "version" that is there
// in Detail.
func (m *Match) check(version int64, there bool) error {
	switch {
	case m.Any && !there, m.If != nil && (!there || !slices.Contains(m.If, version)):
	case m.None && there, there && slices.Contains(m.NoneOf, version):
	default:
		return nil
	}
	e := profile.E(profile.Conflict, profile.CodeVersionMismatch, "", "It is not in the version that the request is for.")
	if there {
		e.Detail = map[string]any{"version": version}
	}
	return e
}
