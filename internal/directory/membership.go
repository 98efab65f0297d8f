package directory

import (
	"facet/internal/profile"
	"facet/internal/store"
)

// isCommunity reports whether a profile is a group, which has members.
func isCommunity(rec *store.Record) bool {
	return rec.Type == profile.Community || rec.Type == profile.Organization
}

// joinCommunity makes a move by which a profile and a group, in either order,
// come together or part: connect, accept, reject, disconnect, block. The rows
// of both are locked.
func (s *Site) joinCommunity(tx store.Tx, me, them *store.Record, move Move) (changed bool, err error) {
	return s.bind(tx, me.ID, them.ID, move)
}
