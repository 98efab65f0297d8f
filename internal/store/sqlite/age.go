package sqlite

import "facet/internal/store"

// Age reads how often the site's writers have had to think anew.
func (r *reader) Age() (int64, error) {
	s, err := r.c.query(selectAge, r.site)
	return count(s, err)
}

// HoldAge compares: with one writer it stays so until the transaction ends.
func (t *tx) HoldAge(age int64) error {
	now, err := t.Age()
	if err == nil && now != age {
		err = store.ErrAge
	}
	return err
}

// RaiseAge adds one.
func (t *tx) RaiseAge() error {
	_, err := t.write(raiseAge, t.site)
	return err
}
