package postgres

import (
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// CreateMany inserts records one after the other.
func (t *tx) CreateMany(list []store.Creation) ([]error, error) {
	var failed []error
	for i := range list {
		err := row.Check(&list[i])
		if err == nil {
			err = t.createWith(&list[i])
		}
		if err == nil {
			continue
		}
		if !profile.IsKind(err, profile.Taken) && !profile.IsKind(err, profile.Malformed) {
			return nil, err
		}
		if failed == nil {
			failed = make([]error, len(list))
		}
		failed[i] = err
	}
	return failed, nil
}

// createWith inserts a record and what is made with it.
func (t *tx) createWith(c *store.Creation) error {
	if err := t.Create(c.Record, c.Event); err != nil {
		return err
	}
	if err := t.pass(c.Highest); err != nil {
		return err
	}
	for _, s := range c.Secrets {
		if err := t.PutSecret(s); err != nil {
			return err
		}
	}
	for _, l := range c.Links {
		if err := t.AddLink(l); err != nil {
			return err
		}
	}
	return nil
}
