package directory

import (
	"context"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// maxOwned is how many documents of one owner are listed: one for each app.
const maxOwned = 200

// DocumentsOf lists the documents that are kept for a user, or for a household
// profile of the user, by number; whose is the place's, its App is not looked
// at. What the caller may not read of a document is left out. Errors: those of
// Document.
func (s *Site) DocumentsOf(ctx context.Context, who access.Principal, c DocumentCall) (out []Document, err error) {
	if err := s.mayDocument(ctx, who, &c); err != nil {
		return nil, err
	}
	var found []Document
	err = s.data.View(ctx, func(r store.Reader) error {
		found = nil
		if err := checkOwner(r, c.DocumentPlace); err != nil {
			return err
		}
		list, err := r.Owned(c.owner(), profile.Document, 0, maxOwned)
		if err != nil {
			return err
		}
		for _, rec := range list {
			st, err := s.stands(r, rec)
			if err != nil {
				return err
			}
			if st.doc != nil {
				found = append(found, *st.doc)
			}
		}
		return nil
	})
	for _, d := range found {
		c.App = d.App
		switch d, err := s.Document(ctx, who, c); {
		case err == nil:
			out = append(out, d)
		case profile.IsKind(err, profile.NotFound) || profile.IsKind(err, profile.Forbidden): // gone meanwhile, or not for the caller
		default:
			return nil, err
		}
	}
	return out, err
}
