package directory

import (
	"context"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Record is a person, organization or community as whoever runs the site sees
// it: all of it but its secrets.
type Record struct {
	Subject
	Creator profile.ID
	Names   []profile.Name
	Schema  *schema.Type // what governs Attrs
	Attrs   []byte       // JSON object, exact text
	Extras  []byte       // JSON object, exact text, one member a face
}

func (s *Site) recordOf(r store.Reader, rec *store.Record) (Record, error) {
	p, err := s.subject(r, rec)
	return Record{Subject: p, Creator: rec.Creator, Names: rec.Names, Schema: s.shape(rec).typeOf(rec.Type), Attrs: rec.Attrs, Extras: rec.Extras}, err
}

// recordFor reads the record of a subject for a caller who may do perm with it.
func (s *Site) recordFor(r store.Reader, perm access.Permission, who access.Principal, id profile.ID) (*store.Record, error) {
	if err := access.Admit(perm, who); err != nil {
		return nil, err
	}
	rec, err := r.Record(id)
	if err != nil {
		return nil, err
	}
	if !rec.Type.IsSubject() {
		return nil, store.ErrNotFound
	}
	return rec, s.allow(r, perm, who, rec)
}

// Record reads a record by its id. Errors: NotFound, Forbidden.
func (s *Site) Record(ctx context.Context, who access.Principal, id profile.ID) (out Record, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.recordFor(r, access.RecordRead, who, id)
		if err != nil {
			return err
		}
		out, err = s.recordOf(r, rec)
		return err
	})
	return out, err
}

// RecordEntity reads a record as the entity face shows it to a client that may
// read everything. Errors: NotFound, Forbidden.
func (s *Site) RecordEntity(ctx context.Context, who access.Principal, id profile.ID) (out Entity, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.recordFor(r, access.RecordRead, who, id)
		if err == nil {
			_, err = s.typeFor(rec)
		}
		if err == nil {
			out = s.entityOf(rec)
		}
		return err
	})
	return out, err
}

// RecordEdit is a change of what an entity type governs.
type RecordEdit struct {
	Version int64    // that the change was made from: another one refuses it
	Attrs   []byte   // JSON object, as entity.update takes it
	Drop    []string // elements of plurals that go: "photos#12"
}

// EditRecord changes the attributes of a record. Errors: NotFound, Forbidden;
// Conflict/CodeVersionMismatch where somebody was faster; those of a write, with
// the path of the attribute; Invalid for a password, which has calls of its own.
func (s *Site) EditRecord(ctx context.Context, who access.Principal, id profile.ID, in RecordEdit) (out Record, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		_, err := s.recordFor(r, access.RecordWrite, who, id)
		return err
	})
	if err != nil {
		return out, err
	}
	var next *store.Record
	check := func(tx store.Tx, old *store.Record) error {
		if err := s.allow(tx, access.RecordWrite, who, old); err != nil {
			return err
		}
		return s.allowKeys(tx, who, old, next)
	}
	rec, err := s.change(ctx, id, s.event(who.Subject, "profile.updated", id), check, func(old *store.Record) (step, error) {
		if old.Version != in.Version {
			return step{}, profile.E(profile.Conflict, profile.CodeVersionMismatch, "", "the record has changed meanwhile")
		}
		typ, err := s.typeFor(old)
		if err != nil {
			return step{}, err
		}
		rec := *old
		paths, err := s.rewrite(ctx, typ, &rec, in)
		if err != nil {
			return step{}, err
		}
		rec.Updated = s.d.now()
		next = &rec
		return s.guarded(who, old, step{rec: &rec, paths: paths}), nil
	})
	if err != nil {
		return out, attributeError(err)
	}
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		out, err = s.recordOf(r, rec)
		return err
	})
	return out, err
}

// rewrite puts a change into a record's attributes, and names what differs.
func (s *Site) rewrite(ctx context.Context, typ *schema.Type, rec *store.Record, in RecordEdit) (paths []string, err error) {
	was := rec.Attrs
	for _, at := range in.Drop {
		path, err := schema.ParsePath(at)
		if err != nil {
			return nil, err
		}
		w, err := typ.DeleteElement(rec.Attrs, path)
		if profile.IsKind(err, profile.NotFound) {
			continue // it went already
		}
		if err != nil {
			return nil, err
		}
		rec.Attrs, paths = w.Attrs, append(paths, w.Changed...)
	}
	w, err := typ.Update(rec.Attrs, nil, in.Attrs, s.env(ctx))
	if err != nil {
		return nil, err
	}
	for name := range w.Passwords {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, name, "a password is not set like other attributes")
	}
	if rec.Attrs = w.Attrs; string(rec.Attrs) == string(was) {
		return nil, nil
	}
	return append(paths, w.Changed...), nil
}

// RecordVersion is one state that a record was in.
type RecordVersion struct {
	store.Version
	ActorName string // "" where nobody is known, or the actor was erased
}

// RecordVersions lists the states of a record, the newest first: those below a
// version (0: from the present one), and one more than limit where there is one,
// so that each can be set beside the one before it. Errors: NotFound, Forbidden.
func (s *Site) RecordVersions(ctx context.Context, who access.Principal, id profile.ID, below int64, limit int) (list []RecordVersion, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		list = nil
		rec, err := s.recordFor(r, access.RecordHistory, who, id)
		if err != nil {
			return err
		}
		err = r.EachVersion(rec.ID, func(v store.Version) bool {
			if below == 0 || v.Version < below {
				list = append(list, RecordVersion{Version: v})
			}
			return len(list) <= limit
		})
		names := map[profile.ID]string{}
		for i := range list {
			actor := list[i].Actor
			if _, known := names[actor]; !known && err == nil {
				names[actor], err = nameIn(r, actor)
			}
			list[i].ActorName = names[actor]
		}
		return err
	})
	return list, err
}

// nameIn is how a subject is called; an API client by its id, "" for who is
// nobody or was erased.
func nameIn(r store.Reader, id profile.ID) (string, error) {
	if id.IsZero() {
		return "", nil
	}
	rec, err := r.Record(id)
	if profile.IsKind(err, profile.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if rec.Type == profile.Client {
		return "API client " + rec.Name(profile.ClientID), nil
	}
	p := subjectOf(rec)
	return p.FullName(), nil
}
