package directory

import (
	"slices"
	"strconv"

	"facet/internal/profile"
	"facet/internal/store"
)

// createWithin creates a record of a kind of which a site has so many at most:
// each holds a place, a name of its own, so that of two that are made at once
// where one place is left, one is. It draws the first place that is free after
// so many others. Errors: full when none is; Taken in the space Place when
// somebody was faster: then the transaction is to be made again.
func createWithin(tx store.Tx, rec *store.Record, names []profile.Name, after int64, limit int, full error, e store.Event) error {
	for i := range limit {
		place := string(rec.Type) + " " + strconv.Itoa((int(after)+i)%limit)
		_, err := tx.ByName(profile.ID{}, profile.Place, place)
		if err == nil {
			continue
		}
		if !profile.IsKind(err, profile.NotFound) {
			return err
		}
		rec.Names = append(slices.Clip(names), profile.Name{Space: profile.Place, Value: place})
		return tx.Create(rec, e)
	}
	return full
}

// untilPlaced makes a transaction again while others take the place it has
// drawn.
func untilPlaced(update func() error) error {
	for {
		if err := update(); !isTaken(err, profile.Place) {
			return err
		}
	}
}
