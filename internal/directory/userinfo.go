package directory

import (
	"context"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// UserKey names a user by one thing: the first that is set.
type UserKey struct {
	ID       profile.ID
	Email    string
	Username string
}

// UserEditByParts is a change of who a user is; nil leaves a thing as it is, ""
// takes it away.
type UserEditByParts struct {
	Username, Email *string
	Given, Family   *string
}

// Self reads the caller's own account.
func (s *Site) Self(ctx context.Context, who access.Principal) (Subject, error) {
	if err := access.Allow(access.UserRead, who, access.Self); err != nil {
		return Subject{}, err
	}
	rec, err := s.data.GetID(ctx, who.Subject)
	if profile.IsKind(err, profile.NotFound) {
		return Subject{}, badToken()
	}
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

// MayUsers says whether the caller may read and change the site's users: nil
// for an operator. Errors: Unauthenticated, Forbidden.
func (s *Site) MayUsers(ctx context.Context, who access.Principal) error {
	return s.operator(ctx, access.UserAdmin, who)
}

// FindUser finds a user for an operator. Errors: NotFound with Field "user".
func (s *Site) FindUser(ctx context.Context, who access.Principal, key UserKey) (Subject, error) {
	if err := s.MayUsers(ctx, who); err != nil {
		return Subject{}, err
	}
	var rec *store.Record
	var err error
	switch {
	case !key.ID.IsZero():
		rec, err = s.data.GetID(ctx, key.ID)
	case key.Email != "":
		rec, err = s.data.Get(ctx, profile.Email, emailName(key.Email))
	default:
		rec, err = s.data.Get(ctx, profile.Slug, profile.Fold(key.Username))
	}
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.Type != profile.User {
		return Subject{}, profile.E(profile.NotFound, profile.CodeNotFound, "user", "There is no such user.")
	}
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

// EditSelf changes the caller's own account. Errors: those of EditUser.
func (s *Site) EditSelf(ctx context.Context, who access.Principal, in UserEditByParts) (Subject, error) {
	p, err := s.Self(ctx, who)
	if err != nil {
		return Subject{}, err
	}
	return s.editParts(ctx, who, p, in)
}

// EditUserByKey changes a user, for an operator. Errors: those of FindUser,
// EditUser.
func (s *Site) EditUserByKey(ctx context.Context, who access.Principal, key UserKey, in UserEditByParts) (Subject, error) {
	p, err := s.FindUser(ctx, who, key)
	if err != nil {
		return Subject{}, err
	}
	return s.editParts(ctx, who, p, in)
}

func (s *Site) editParts(ctx context.Context, who access.Principal, p Subject, in UserEditByParts) (Subject, error) {
	edit := UserEdit{Edit: Edit{Slug: in.Username}}
	if in.Email != nil {
		edit.Sets = append(edit.Sets, Set{"email", in.Email})
	}
	if in.Given != nil || in.Family != nil {
		given, family := p.Name.Given, p.Name.Family
		set(&given, in.Given)
		set(&family, in.Family)
		edit.Sets = append(edit.Sets, nameSets(profile.User, p.Name.WithParts(given, p.Name.Middle, family))...)
	}
	return s.EditUser(ctx, who, UserKey{ID: p.ID}, edit)
}

// EraseUserByKey erases a user, for an operator. Errors: those of FindUser and
// EraseUser.
func (s *Site) EraseUserByKey(ctx context.Context, who access.Principal, key UserKey) error {
	p, err := s.FindUser(ctx, who, key)
	if err != nil {
		return err
	}
	return s.EraseUser(ctx, who, UserKey{ID: p.ID})
}

// EraseSelf erases the caller. Errors: Conflict/CodeLastManager.
func (s *Site) EraseSelf(ctx context.Context, who access.Principal) error {
	if _, err := s.Self(ctx, who); err != nil {
		return err
	}
	return s.EraseUser(ctx, who, UserKey{ID: who.Subject})
}

// Erased is a user who was erased: all that is left.
type Erased struct {
	ID profile.ID
	At time.Time
}

// MaxErasedPage is how many erased users one page lists at most.
const MaxErasedPage = 1000

// ErasedUsers lists the users who were erased, the latest first, for an
// operator; next is where the next page begins, "" after the last. Errors:
// Invalid with Field "cursor" or "limit".
func (s *Site) ErasedUsers(ctx context.Context, who access.Principal, cursor string, limit int) (list []Erased, next string, err error) {
	if limit == 0 {
		limit = DefaultDocumentPage
	}
	if limit < 1 || limit > MaxErasedPage {
		return nil, "", profile.E(profile.Invalid, profile.CodeInvalid, "limit", "limit is 1 to %d.", MaxErasedPage)
	}
	after, err := parseCursor(cursor, len(profile.ID{}))
	if err != nil {
		return nil, "", err
	}
	if err := s.MayUsers(ctx, who); err != nil {
		return nil, "", err
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		list, next = []Erased{}, ""
		var from store.Tombstone
		if after != nil {
			var err error
			if from, err = r.Tombstone(profile.ID(after)); profile.IsKind(err, profile.NotFound) {
				return profile.E(profile.Invalid, profile.CodeInvalid, "cursor", "This is no cursor of this list.")
			} else if err != nil {
				return err
			}
		}
		found, err := r.Tombstones(profile.User, from, limit)
		for _, f := range found {
			list = append(list, Erased{f.ID, f.At})
		}
		if len(found) == limit {
			next = cursorOf(found[limit-1].ID[:])
		}
		return err
	})
	return list, next, err
}

// DisableRefresh ends the renewing of the caller's session: its tokens work to
// their end, an hour at most, and no others follow.
func (s *Site) DisableRefresh(ctx context.Context, who access.Principal) error {
	if err := access.Admit(access.SessionRevoke, who); err != nil || who.Session.IsZero() {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Session(who.Subject, who.Session)
		if profile.IsKind(err, profile.NotFound) {
			return badToken()
		}
		if err != nil {
			return err
		}
		row.Generation = refreshOff
		row.Expires = earlier(row.Expires, s.d.now().Add(accessLife))
		return tx.PutSession(row)
	})
}

// refreshOff is the generation of a session whose renewing was ended.
const refreshOff = -1

func refreshIsOff() error {
	return profile.E(profile.Forbidden, profile.CodeRefreshOff, "", "This session is not renewed any more: sign in again.")
}
